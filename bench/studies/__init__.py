"""The project's own measurements, run from the checkout: python -I bench/studies NAME [ARGUMENTS].

They hold vecq against targets and against other libraries, one question each. They need the
packages of vecq[bench] and are not part of the wheel.
"""
