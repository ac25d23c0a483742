"""Row ids in addresses: a number that no row can have is a page that is not there."""

from werkzeug.routing import IntegerConverter, Map

#: The greatest number that a row's id can be (63 bits).
GREATEST = 2**63 - 1


def row_id(text: str) -> int:
    """The id in a query. Raises ValueError for what no row can have."""
    value = int(text) if len(text) < 20 else -1
    if not 0 <= value <= GREATEST:
        raise ValueError("no row has this id")
    return value


class RowId(IntegerConverter):
    """`<int:...>` in a route."""

    regex = r"\d{1,19}"

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=GREATEST)
