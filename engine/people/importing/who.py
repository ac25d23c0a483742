"""Who: which member each row of a batch is about; by mail address, then by phone and name."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.asking import among, plain_rows
from engine.base.ids import new_ids
from engine.people.address import Address
from engine.people.importing.entry import Entry
from engine.people.importing.staging import Staging
from engine.people.member import Member

#: Why a row cannot be told apart.
AMBIGUOUS = "Several people share this phone, and the row has neither a name nor a mail address that tells who it is."


def name_key(name: str) -> str:
    """A name as people are compared by it: without case and without doubled spaces."""
    return " ".join(name.casefold().split())


class Directory:
    """Everybody reached at a batch's addresses: in the database, in earlier rows, and in the batch itself."""

    def __init__(self, session: Session, staging: Staging | None, entries: Sequence[Entry]) -> None:
        #: Address to its members, oldest first.
        self._holders: dict[str, list[int]] = defaultdict(list)
        #: Member to the name they are known by, whatever else a row calls them.
        self._names: dict[int, str] = {}
        emails = list({value for entry in entries for value in entry.emails})
        phones = list({value for entry in entries for value in entry.phones})
        for kind, values in (("email", emails), ("phone", phones)):
            if values:
                found = plain_rows(
                    session,
                    select(Address.value, Address.member_id, Member.name)
                    .join(Member, Member.id == Address.member_id)
                    .where(Address.kind == kind, among(session, Address.value, values))
                    .order_by(Address.id),
                )
                for value, member_id, name in found:
                    self._add(value, member_id, name_key(name))
        for value, member_id, name in staging.handles([*emails, *phones]) if staging is not None else ():
            self._add(value, member_id, name)
        self._fresh = iter(new_ids(len(entries)))

    def who(self, entry: Entry) -> tuple[int, bool] | None:
        """(the member, whether nobody knew them before); None when nobody can tell. The next row finds them here."""
        name = name_key(entry.fields.get("name", ""))
        found = self._by_email(entry, name)
        if found is None:
            found = self._by_phone(entry, name)
        if found == 0:
            return None
        member_id = found or next(self._fresh)
        for value in (*entry.emails, *entry.phones):
            self._add(value, member_id, name)
        return member_id, found is None

    def _by_email(self, entry: Entry, name: str) -> int | None:
        """The one of that name, else the one who had the address first: a household may share it."""
        holders = [holder for value in entry.emails for holder in self._holders.get(value, ())]
        return next((each for each in holders if self._names[each] == name), holders[0] if holders else None)

    def _by_phone(self, entry: Entry, name: str) -> int | None:
        """The one of that name: other names on a phone are other people of its household. 0: nobody can tell."""
        holders = list(dict.fromkeys(holder for value in entry.phones for holder in self._holders.get(value, ())))
        if name:
            of_name = [each for each in holders if self._names[each] == name]
            if of_name:
                return of_name[0]
            return holders[0] if len(holders) == 1 and not self._names[holders[0]] else None
        if entry.emails or not holders:
            return None
        return holders[0] if len(holders) == 1 else 0

    def _add(self, value: str, member_id: int, name: str) -> None:
        self._names[member_id] = self._names.get(member_id) or name
        if member_id not in self._holders[value]:
            self._holders[value].append(member_id)
