"""vecq for ann-benchmarks: run.py --local --definitions FOLDER, FOLDER being the one above this."""
