# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""The registry of the machine that this Python runs on, by winreg: read for rows, and written for settings.

The twin of Read-Key in Rows.psm1, and of the registry in Settings.psm1.
"""

from __future__ import annotations

import sys
import typing as t

from . import rows, writes


def read(query: rows.RegistryQuery) -> t.Iterator[rows.Row]:
    """The rows of a query.

    :raises rows.Unreadable: not on Windows, or this key may not be read.
    """
    if sys.platform != "win32":
        raise rows.Unreadable("there is no registry here")
    import winreg

    def walk(key: t.Any, path: t.List[str], rest: t.List[str]) -> t.Iterator[rows.Row]:
        if not rest:
            yield {"key": "\\".join(path), "values": dict(values(key))}
            return
        every = rest[0] == "*"
        for name in sub_keys(key) if every else rest[:1]:
            try:
                inner = winreg.OpenKey(key, name, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY)
            except FileNotFoundError:
                continue
            except PermissionError as problem:
                if every:
                    continue
                raise rows.Unreadable(str(problem)) from None
            with inner:
                yield from walk(inner, [*path, name], rest[1:])

    def sub_keys(key: t.Any) -> t.List[str]:
        return [winreg.EnumKey(key, index) for index in range(winreg.QueryInfoKey(key)[0])]

    def values(key: t.Any) -> t.Iterator[t.Tuple[str, t.Any]]:
        names = [winreg.EnumValue(key, index)[0] for index in range(winreg.QueryInfoKey(key)[1])]
        wanted = names if query.values is None else query.values
        present = {name.lower() for name in names}
        for name in wanted:
            if name.lower() in present:
                value = winreg.QueryValueEx(key, name)[0]
                if isinstance(value, bytes):
                    value = None if query.values is None else value[: query.head or None].hex()
                yield name, value

    return walk(winreg.HKEY_LOCAL_MACHINE, [], query.key.split("\\"))


def write(setting: t.Union[writes.Number, writes.Entry]) -> None:
    """Set a value.

    :raises writes.Unwritable: not on Windows, or there is no list to change.
    :raises OSError: Windows refuses it.
    """
    if sys.platform != "win32":
        raise writes.Unwritable("there is no registry here")
    import winreg

    access = winreg.KEY_READ | winreg.KEY_WRITE | winreg.KEY_WOW64_64KEY
    if isinstance(setting, writes.Number):
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, setting.key, 0, access) as key:
            winreg.SetValueEx(key, setting.name, 0, winreg.REG_DWORD, setting.value)
        return
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, setting.key, 0, access) as key:
        try:
            found, kind = winreg.QueryValueEx(key, setting.name)
        except FileNotFoundError:
            found, kind = [], winreg.REG_MULTI_SZ
        if kind != winreg.REG_MULTI_SZ:
            raise writes.Unwritable(f"{setting.name} is no list of texts")
        kept = [text for text in found if text.lower() != setting.entry.lower()]
        if setting.present and len(kept) == len(found):
            kept.append(setting.entry)
        elif setting.present:
            return
        winreg.SetValueEx(key, setting.name, 0, winreg.REG_MULTI_SZ, kept)
