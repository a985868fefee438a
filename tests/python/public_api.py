"""Lists the public API, a name in each line.

python tests/python/public_api.py > docs/public_api.txt
"""

import inspect
from importlib import import_module

MODULES = (
    "vecq",
    "vecq.tuning",
    "vecq.sharding",
    "vecq.integrations.implicit",
    "vecq.integrations.ray",
    "vecq.integrations.sklearn",
)
# Of modules without __all__.
NAMES = {
    "vecq.integrations.implicit": ["VecqModel"],
    "vecq.integrations.sklearn": ["VecqTransformer"],
}


def parameters(function):
    """Parameters and defaults; Python versions print annotations differently."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return "(...)"
    found = [
        one.replace(annotation=inspect.Parameter.empty)
        for one in signature.parameters.values()
        if one.name not in ("self", "cls")
    ]
    return str(inspect.Signature(found))


def members(cls):
    """Public methods, properties and fields that a class defines itself or inherits from vecq."""
    classes = [own for own in cls.__mro__ if own.__module__.split(".")[0] == "vecq"]
    found = {}
    for own in reversed(classes):
        found |= dict.fromkeys(getattr(own, "__annotations__", {}), None)
        found |= vars(own)
    for name, value in sorted(found.items()):
        if name.startswith("_"):
            continue
        if isinstance(value, classmethod | staticmethod):
            value = value.__func__
        yield f"{name}{parameters(value)}" if inspect.isfunction(value) else name


def lines():
    for module in MODULES:
        yield f"[{module}]"
        found = import_module(module)
        for name in sorted(NAMES.get(module) or found.__all__):
            value = getattr(found, name)
            if not inspect.isclass(value):
                yield f"{name}{parameters(value)}"
            elif issubclass(value, Exception):
                yield f"{name}({value.__mro__[1].__name__})"
            else:
                yield f"{name}{parameters(value)}"
                yield from (f"{name}.{member}" for member in members(value))
        yield ""


if __name__ == "__main__":
    print("\n".join(lines()).rstrip())
