"""`Strict`, the base of everything that is read from a TOML file: an unknown field is an error."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A frozen model that refuses fields which it does not have."""

    model_config = ConfigDict(extra="forbid", frozen=True)
