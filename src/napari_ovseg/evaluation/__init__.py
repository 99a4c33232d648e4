"""How good masks are on pictures with ground truth: datasets, protocols, metrics, the run and its report."""
