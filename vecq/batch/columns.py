"""The columns of users, vectors and items: found by name, and verified by type and value."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.batch.sources import Source, arrow
from vecq.core.arguments import counted

# Usual names, in lower case, letters only; and the option that names another column.
USUAL = {
    "user_column": ("user", "userid", "uid", "useridx", "visitorid", "customer", "customerid"),
    "item_column": ("item", "itemid", "iid", "movieid", "product", "productid", "articleid"),
}


def id_column(source: Source, given: str | None, option: str) -> str:
    """Return the column of ids: the given one, or the only one of a usual name."""
    names = source.schema.names
    if given is not None:
        return existing(source, given, option)
    usual = [one for one in names if "".join(filter(str.isalpha, one.lower())) in USUAL[option]]
    if len(usual) != 1:
        found = f"the columns {', '.join(usual)}" if usual else f"only {', '.join(names)}"
        raise source.refuse(
            f"has {found}, expected one column of {option[:4]} ids: name it by {option}"
        )
    return str(usual[0])


def vector_column(
    source: Source, given: str | None, dim: int | None, *, integers: bool = False
) -> str:
    """Return the column of vectors: the given one, or the only one of lists of numbers.

    `dim` None: vectors of any number of dimensions. `integers`: also lists of whole numbers.
    """
    if given is None:
        lists = [one.name for one in source.schema if _is_list(one.type)]
        if len(lists) != 1:
            found = f"the columns {', '.join(lists)} of lists" if lists else "no column of lists"
            raise source.refuse(
                f"has {found} of numbers, expected one of vectors: name it by vector_column"
            )
        given = str(lists[0])
    kind = source.schema.field(existing(source, given, "vector_column")).type
    if not _is_list(kind) or not (integers or arrow().types.is_floating(kind.value_type)):
        raise source.refuse(
            f"has type {kind} in column {given!r}, expected lists of floating-point numbers: cast "
            "it to float32"
        )
    if dim is not None and getattr(kind, "list_size", dim) != dim:
        raise source.refuse(
            f"has vectors of {counted(kind.list_size, 'number')} in column {given!r}, but the "
            f"index has dim {dim}: use the model that the items come from"
        )
    return given


def require_ids(source: Source, column: str, strings: bool | None) -> None:
    """Refuse a column whose type no ids have; `strings` None: integers and strings are ids."""
    types, kind = arrow().types, source.schema.field(column).type
    is_text = types.is_string(kind) or types.is_large_string(kind) or "string_view" in str(kind)
    fits = {
        None: is_text or types.is_integer(kind),
        True: is_text,
        False: types.is_integer(kind),
    }
    if not fits[strings]:
        expected = {None: "integers or strings", True: "strings", False: "integers"}[strings]
        reason = "" if strings is None else ", which the ids of the index are"
        raise source.refuse(
            f"has type {kind} in column {column!r}, expected {expected}{reason}: cast the column"
        )


def require_numbers(source: Source, column: str, option: str) -> None:
    """Refuse a column that is missing, or that holds no numbers."""
    types, kind = arrow().types, source.schema.field(existing(source, column, option)).type
    if not (types.is_floating(kind) or types.is_integer(kind)):
        raise source.refuse(
            f"has type {kind} in column {column!r}, expected numbers: choose another by {option}"
        )


def texts(source: Source, column: str, values: Any) -> Any:
    """Return ids as an Arrow array of large strings, by which users are matched."""
    pa = arrow()
    refuse_nulls(source, column, values)
    return values.cast(pa.large_string())


def integers(source: Source, column: str, values: Any) -> NDArray[np.int64]:
    """Return item ids as an array of integers."""
    pa = arrow()
    refuse_nulls(source, column, values)
    found: NDArray[np.int64] = values.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return found


def vectors(source: Source, column: str, values: Any, dim: int, first: int) -> NDArray[Any]:
    """Return vectors as a matrix; errors number rows from `first`."""
    refuse_nulls(source, column, values, first)
    lengths = values.value_lengths().to_numpy(zero_copy_only=False)
    wrong = lengths != dim
    if wrong.any():
        row = int(wrong.argmax())
        raise source.refuse(
            f"has a vector of {counted(lengths[row], 'number')} in column {column!r}, row "
            f"{first + row}, but the index has dim {dim}"
        )
    flat = values.flatten()
    refuse_nulls(source, column, flat)
    found: NDArray[Any] = flat.to_numpy(zero_copy_only=False).reshape(len(lengths), dim)
    finite = np.isfinite(found).all(axis=1)
    if not finite.all():
        row = first + int((~finite).argmax())
        raise source.refuse(f"has a number that is not finite in column {column!r}, row {row}")
    return found


def existing(source: Source, column: str, option: str) -> str:
    """Return a column that the source has; refuse another one."""
    if source.schema.names.count(column) != 1:
        raise source.refuse(
            f"has the columns {', '.join(source.schema.names)}, expected one named {column!r}: "
            f"choose another by {option}"
        )
    return column


def refuse_nulls(source: Source, column: str, values: Any, first: int = 0) -> None:
    """Refuse values with nulls; the message numbers rows from `first`."""
    if values.null_count > 0:
        raise source.refuse(
            f"has {counted(values.null_count, 'null')} in column {column!r}, in the rows after "
            f"{first:,}: drop these rows"
        )


def _is_list(kind: Any) -> bool:
    types = arrow().types
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(lists and (types.is_floating(kind.value_type) or types.is_integer(kind.value_type)))
