"""vecq for big-ann-benchmarks: filter/ belongs into its neurips23/filter/vecq, and so on."""
