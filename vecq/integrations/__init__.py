"""The interfaces of other libraries, over indexes of vecq: who uses one changes an import."""
