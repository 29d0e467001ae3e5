"""How fast names are written within a trie, beside `transformers.generate` with an allowed list, on equal weights."""

import time

import numpy as np
import pytest
import torch

from harness.nn.encoder import EncoderOptions
from harness.nn.seq2seq import EncoderDecoder, Seq2SeqOptions
from harness.tasks.entity_linking.models.allowed import TrieNames
from harness.tasks.entity_linking.models.beams import search
from harness.tasks.entity_linking.models.trie import Trie
from harness.tasks.entity_linking.models.writer import ModelWriter
from harness.tasks.entity_linking.problems.growing import growing
from harness.tasks.entity_linking.problems.tokens import Mark, Reader, Tokens

BATCH, NAMES, VOCABULARY, WIDTH, LAYERS, SOURCE, LENGTH = 16, 11_915, 4000, 128, 2, 24, 16


@pytest.fixture(scope="module")
def names():
    """As many names as MEDIC has diseases, about as long as these: tokens I32[names 16], by Zipf's law."""
    rng = np.random.default_rng(0)
    tokens = len(Mark) + (rng.zipf(1.3, (NAMES, LENGTH)) - 1) % (VOCABULARY - len(Mark))
    sizes = rng.integers(2, 11, NAMES)
    tokens[np.arange(NAMES), sizes] = Mark.END
    return np.where(np.arange(LENGTH) <= sizes[:, None], tokens, 0).astype(np.int32)


@pytest.fixture(scope="module")
def mentions():
    return np.random.default_rng(1).integers(len(Mark), VOCABULARY, (BATCH, SOURCE)).astype(np.int32)


@pytest.fixture(scope="module")
def ours():
    torch.manual_seed(0)
    size = EncoderOptions(VOCABULARY, SOURCE, WIDTH, LAYERS, heads=4)
    return EncoderDecoder(Seq2SeqOptions(size, LENGTH, embedding_std=0.2)).eval()


@pytest.fixture(scope="module")
def theirs(ours):
    """MBart, whose layers have their normalisations in the same places, with the same weights."""
    from transformers import MBartConfig, MBartForConditionalGeneration

    size = {"layers": LAYERS, "attention_heads": 4, "ffn_dim": 4 * WIDTH}
    config = MBartConfig(
        vocab_size=VOCABULARY,
        d_model=WIDTH,
        max_position_embeddings=SOURCE,
        scale_embedding=False,
        pad_token_id=int(Mark.PAD),
        bos_token_id=int(Mark.START),
        eos_token_id=int(Mark.END),
        decoder_start_token_id=int(Mark.START),
        forced_eos_token_id=None,
        **{f"{side}_{name}": value for side in ("encoder", "decoder") for name, value in size.items()},
    )
    model = MBartForConditionalGeneration(config).eval()
    with torch.no_grad():
        encoder, decoder = model.model.encoder, model.model.decoder
        model.model.shared.weight.copy_(ours.encoder.tokens.weight)
        for theirs, positions, norm in (
            (encoder, ours.encoder.positions, ours.encoder.norm),
            (decoder, ours.positions, ours.norm),
        ):
            theirs.layernorm_embedding = torch.nn.Identity()
            theirs.embed_positions.weight[2 : 2 + len(positions)] = positions
            theirs.layer_norm.load_state_dict(norm.state_dict())
        for mine, layer in zip(ours.encoder.layers, encoder.layers, strict=True):
            _copy(mine.attention_norm, mine.project, mine.merge, layer.self_attn_layer_norm, layer.self_attn)
            _copy_feed_forward(mine.feed_forward, layer)
        for mine, layer in zip(ours.layers, decoder.layers, strict=True):
            _copy(mine.own_norm, mine.own, mine.own_merge, layer.self_attn_layer_norm, layer.self_attn)
            cross = torch.nn.Linear(WIDTH, 3 * WIDTH)
            cross.weight.copy_(torch.cat((mine.query.weight, mine.source.weight)))
            cross.bias.copy_(torch.cat((mine.query.bias, mine.source.bias)))
            _copy(mine.source_norm, cross, mine.source_merge, layer.encoder_attn_layer_norm, layer.encoder_attn)
            _copy_feed_forward(mine.feed_forward, layer)
    return model


def _copy(norm, project, merge, their_norm, attention):
    their_norm.load_state_dict(norm.state_dict())
    weights, biases = project.weight.split(WIDTH), project.bias.split(WIDTH)
    for part, weight, bias in zip((attention.q_proj, attention.k_proj, attention.v_proj), weights, biases, strict=True):
        part.weight.copy_(weight)
        part.bias.copy_(bias)
    attention.out_proj.load_state_dict(merge.state_dict())


def _copy_feed_forward(feed_forward, layer):
    layer.final_layer_norm.load_state_dict(feed_forward[0].state_dict())
    layer.fc1.load_state_dict(feed_forward[1].state_dict())
    layer.fc2.load_state_dict(feed_forward[3].state_dict())


def write(model, mentions, trie, beam):
    with torch.inference_mode():
        allowed = TrieNames(trie, np.zeros(BATCH, np.int64))
        return search(ModelWriter(model, mentions, "cpu"), allowed, beam=beam, length=LENGTH)


def write_by_transformers(model, mentions, names, beam):
    """Given a trie of dictionaries, as in GENRE's code."""
    root: dict[int, dict] = {}
    for row in names.tolist():
        node = root
        for token in row[: row.index(Mark.END) + 1]:
            node = node.setdefault(token, {})

    def allowed(_batch: int, written: torch.Tensor) -> list[int]:
        node = root
        for token in written.tolist()[1:]:
            node = node.get(token, {})
        return list(node) or [int(Mark.PAD)]

    source = torch.from_numpy(mentions.astype(np.int64))

    def generate():
        with torch.inference_mode():
            return model.generate(
                source,
                attention_mask=torch.ones_like(source),
                num_beams=beam,
                num_return_sequences=beam,
                max_length=LENGTH + 1,
                prefix_allowed_tokens_fn=allowed,
                early_stopping=True,
                length_penalty=1.0,
                return_dict_in_generate=True,
                output_scores=True,
            )

    return generate


def test_both_write_the_same_names(names, mentions, ours, theirs):
    """The best name of every mention, and its score."""
    beams = write(ours, mentions, Trie.of(names, np.arange(NAMES)), 10)
    generated = write_by_transformers(theirs, mentions, names, 10)()
    best = generated.sequences.view(BATCH, 10, -1)[:, 0, 1:].numpy()
    mine = beams.tokens[beams.rank() == 0][:, : best.shape[1]]
    assert np.array_equal(np.where(mine == Mark.PAD, Mark.END, mine), best)  # the peer pads with the end
    np.testing.assert_allclose(
        beams.score[beams.rank() == 0], generated.sequences_scores.view(BATCH, 10)[:, 0], atol=1e-4
    )


@pytest.mark.parametrize("beam", [5, 10])
@pytest.mark.benchmark(group="names of 16 mentions", timer=time.process_time)
def test_writing_names(benchmark, names, mentions, ours, beam):
    trie = Trie.of(names, np.arange(NAMES))
    benchmark.pedantic(write, (ours, mentions, trie, beam), rounds=10, warmup_rounds=2)


@pytest.mark.parametrize("beam", [5, 10])
@pytest.mark.benchmark(group="names of 16 mentions", timer=time.process_time)
def test_writing_names_by_transformers(benchmark, names, mentions, theirs, beam):
    """The peer."""
    benchmark.pedantic(write_by_transformers(theirs, mentions, names, beam), rounds=10, warmup_rounds=2)


@pytest.mark.benchmark(group="names of 16 mentions, interleaved")
@pytest.mark.parametrize("beam", [5, 10])
def test_writing_names_takes_a_third_of_the_peers_time(benchmark, names, mentions, ours, theirs, beam):
    """Processor time, in turns, so that whatever else runs slows both."""
    trie, generate = Trie.of(names, np.arange(NAMES)), write_by_transformers(theirs, mentions, names, beam)
    spent = np.zeros((10, 2))

    def turn() -> None:
        for row in spent:
            for i, call in enumerate((lambda: write(ours, mentions, trie, beam), generate)):
                start = time.process_time()
                call()
                row[i] = time.process_time() - start

    benchmark.pedantic(turn, rounds=1, warmup_rounds=0)
    mine, theirs_s = np.median(spent, axis=0)
    benchmark.extra_info["ratio"] = theirs_s / mine
    assert theirs_s / mine >= 3, f"{theirs_s / mine:.2f} times"


@pytest.mark.benchmark(group="a trie of a hundred thousand names", timer=time.process_time)
def test_building_a_trie(benchmark):
    (catalogue,) = growing([100_000], np.random.default_rng(0))
    stored = Tokens(digest="", vocabulary=4000, texts=catalogue.names[:20_000]).build()["tokenizer"]
    tokens = Reader.restore(stored, 4, SOURCE, LENGTH).names(catalogue.names)
    benchmark.pedantic(Trie.of, (tokens, np.arange(len(tokens))), rounds=3)
