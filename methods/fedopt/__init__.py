"""FedOpt: federated averaging with an adaptive optimizer at the server (Reddi et al., 2021)."""
