# Copyright: (c) 2026, winstorage.iscsi contributors
# BSD 2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""iSCSI names: the only place that decides whether a text is one. Declarations and the test ``iqn`` share it.

The grammar is that of RFC 3720, 3721 and 7143 (``iqn.``, ``eui.``) and RFC 3980 (``naa.``) with the characters that
RFC 3722 leaves, in any letter case, because initiators and targets compare names without it:

- ``iqn.`` has a year, a month from 01 to 12, a domain name that is reversed, and after a colon any name that its owner
  chose. That name has letters, digits, ``-``, ``.`` and ``:``; beyond ASCII, letters and digits of any script.
- ``eui.`` has 16 hexadecimal digits, ``naa.`` has 16 or 32.
- A name has 223 bytes of UTF-8 at the most.

Windows adds nothing to it. Its initiator has a status for names with "invalid characters" (0xEFFF0051,
ISDSC_INVALID_ISCSI_NAME), though Microsoft documents that SetIScsiInitiatorNodeName does not verify the format; its
target server refuses an underscore (reported for New-IscsiServerTarget in MicrosoftDocs/windows-powershell-docs,
pull request 3719); NetApp and the Linux target refuse it too. So a misspelt name is refused here, before it is saved,
rather than at the next login. Names that a host *reports* are never checked: facts show whatever is there.
"""

from __future__ import annotations

import re

from ..abi.structures import MAX_ISCSI_NAME_LEN

LONGEST = MAX_ISCSI_NAME_LEN  # bytes of UTF-8

# For messages: "<text> is not an iSCSI name: " and this.
ACCEPTED_FORMS = (
    "iqn.yyyy-mm.reversed.domain:name with letters, digits, '-', '.' and ':' in the name, eui. with 16 hexadecimal "
    f"digits, or naa. with 16 or 32; {LONGEST} bytes at the most"
)

_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ISCSI_NAME = re.compile(
    # (?ai:...): letters of ASCII only, in either case. The name after the colon may have letters beyond ASCII.
    rf"(?ai:iqn\.[0-9]{{4}}-(?:0[1-9]|1[0-2])(?:\.{_LABEL})+)(?::(?:(?ai:[a-z0-9.:-])|[^\W_\x00-\x7f])+)?"
    r"|(?ai:eui\.[0-9a-f]{16})"
    r"|(?ai:naa\.(?:[0-9a-f]{16}|[0-9a-f]{32}))"
)


def is_iscsi_name(text: str) -> bool:
    """Whether a text is the name of an iSCSI initiator or target. Never raises, whatever the text holds."""
    if len(text) > LONGEST or not _ISCSI_NAME.fullmatch(text):
        return False
    return len(text.encode("utf-8")) <= LONGEST  # what cannot be encoded (lone surrogates) is no letter, so is not here
