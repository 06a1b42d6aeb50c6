# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Which live session goes with which saved login. The DLL does not say, so it is inferred.

A login fits a session to the same target through the same portal. The DLL does not report which initiator port a
session uses, so logins that differ only in their port are interchangeable here: their number alone decides.

Sessions are filed under every key that a login may look for: their target; their target and a TCP port; their target
and a portal. A login looks under one key, so all logins together take time in proportion to their number.
"""

from __future__ import annotations

import collections
import typing as t

from . import addresses
from .live import Session
from .records import PersistentLogin, Snapshot

# Target, address, TCP port. Address None: any address, port None as well: any portal.
_Key = t.Tuple[str, t.Optional[str], t.Optional[int]]


def _key_of_login(login: PersistentLogin, exact: bool) -> t.Optional[_Key]:
    """The key under which the sessions that fit a login are filed; None if it names no portal and must.

    A portal given by host name cannot be compared with a session's address. Unless the match must be exact, such a
    login fits any address with its TCP port.
    """
    target, _instance, _initiator_port, portal = login.identity
    if portal is None:
        return None if exact else (target, None, None)
    address, port = portal
    if exact or addresses.is_numeric(address):
        return target, address, port
    return target, None, port


def _keys_of_session(session: Session) -> t.Set[_Key]:
    target = session.target.lower()
    keys: t.Set[_Key] = {(target, None, None)}
    for connection in session.connections:
        address = addresses.canonical(connection.target_address or "")
        keys |= {(target, None, connection.target_port), (target, address, connection.target_port)}
    return keys


def fits(login: PersistentLogin, session: Session, exact: bool) -> bool:
    """Whether a session is to the target of a login, through its portal.

    :param exact: only if the login's portal is the session's, word for word; not by host name, nor any portal.
    """
    return _key_of_login(login, exact) in _keys_of_session(session)


class SessionIndex:
    """Sessions in their stable order, found by login without a look at all of them."""

    def __init__(self, sessions: t.Iterable[Session]) -> None:
        self._sessions: t.Dict[_Key, t.List[Session]] = collections.defaultdict(list)
        for session in sorted(sessions, key=lambda session: session.sort_key):
            for key in _keys_of_session(session):
                self._sessions[key].append(session)

    def fitting(self, login: PersistentLogin, exact: bool = False) -> t.List[Session]:
        """The sessions that fit a login: those of which :func:`fits` is true. Not to be changed."""
        key = _key_of_login(login, exact)
        return [] if key is None else self._sessions.get(key, [])


class Matches:
    """The session of each login and the login of each session: at most one, because a login opens one session.

    Logins with an address choose first, then those with a host name, then those for any portal: each takes the first
    session that fits and is left. Only data sessions are matched; an informational login shows no disk.
    """

    def __init__(self, logins: t.Iterable[PersistentLogin], sessions: t.Iterable[Session]) -> None:
        # Records are told apart by id(): copies are equal, but each has a session of its own.
        self._session_of: t.Dict[int, Session] = {}
        self._login_of: t.Dict[int, PersistentLogin] = {}
        index = SessionIndex(sessions)
        # Sorted by content too: which of two similar logins has the session must not depend on the order of a report.
        in_order = sorted(
            (login for login in logins if login.session_type == "data"),
            key=lambda login: (login.portal is None, login.sort_key, repr(login)),
        )
        for exact in (True, False):
            self._match(in_order, index, exact)

    def _match(self, logins: t.List[PersistentLogin], index: SessionIndex, exact: bool) -> None:
        # The sessions under a key are walked once, however many logins share the key: what was taken stays taken.
        remaining: t.Dict[t.Optional[_Key], t.Iterator[Session]] = {}
        for login in logins:
            if id(login) in self._session_of:
                continue
            candidates = remaining.setdefault(_key_of_login(login, exact), iter(index.fitting(login, exact)))
            session = next((session for session in candidates if id(session) not in self._login_of), None)
            if session is not None:
                self._session_of[id(login)] = session
                self._login_of[id(session)] = login

    def live(self, login: PersistentLogin) -> bool:
        """Whether the login has a live session."""
        return id(login) in self._session_of

    def session(self, login: PersistentLogin) -> t.Optional[Session]:
        """The live session of the login, or None."""
        return self._session_of.get(id(login))

    def saved(self, session: Session) -> bool:
        """Whether the session has a saved login."""
        return id(session) in self._login_of


def match(snapshot: Snapshot) -> t.Optional[Matches]:
    """:class:`Matches` of a snapshot, or None if logins or sessions were not gathered."""
    if snapshot.persistent_logins is None or snapshot.sessions is None:
        return None
    return Matches(snapshot.persistent_logins, snapshot.sessions)
