"""The report: tables from frames alone, in several formats; contrasts; where a number comes from. Without torch."""
