# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winstorage.iscsi.plugins.module_utils.model import names

PREFIX = "iqn.2004-01.com.example:"


@pytest.mark.parametrize(
    "name",
    [
        # examples of RFC 3720 and RFC 3980
        "iqn.2001-04.com.example:storage:diskarrays-sn-a8675309",
        "iqn.2001-04.com.example",
        "eui.02004567A425678D",
        "naa.52004567BA64678D",
        "naa.62004567BA64678D0123456789ABCDEF",
        # what vendors make of it
        "IQN.1991-05.com.microsoft:SQL01.example.com",
        "iqn.2001-05.com.equallogic:0-8a0906-1f5a3b007-4d7000000174f2a1-sql01-data",
        "iqn.2003-10.com.lefthandnetworks:mg:42:sql-data",
        "iqn.2023-02.net.windows.core.blob.elasticsan.es-ldjjtvaggga0:yifantestvol2",
        "iqn.2004-01.jp.example:記憶",
        PREFIX + "a" * 199,
        PREFIX + "記" * 66,
    ],
)
def test_names(name):
    assert names.is_iscsi_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "iqn.",
        "iqn.2001-13.com.example",
        "iqn.2001-00.com.example",
        "iqn.01-04.com.example",
        "iqn.٢٠٠١-04.com.example",
        "iqn.2001-04.",
        "iqn.2001-04.com.example:",
        "iqn.2001-04.com..example",
        "iqn.2001-04.-com.example",
        "iqn.2001-04.com_munity.example",
        "iqn.2001-04.com.exampl\u212a:a",  # KELVIN SIGN, whose small letter is k
        PREFIX + "a b",
        PREFIX + "a_b",
        PREFIX + "a!",
        PREFIX + "a/b",
        PREFIX + "a\n",
        PREFIX + "a\0",
        PREFIX + "\ud800",
        "\udfff",
        "eui.02004567A425678",
        "eui.02004567A425678G",
        "naa.52004567BA64678D0",
        "wwn.52004567BA64678D",
        PREFIX + "a" * 200,
        PREFIX + "記" * 67,  # 91 characters, but 225 bytes
    ],
)
def test_other_texts(text):
    assert not names.is_iscsi_name(text)


@given(st.text(st.characters(), max_size=250) | st.text(st.characters(), max_size=20).map(PREFIX.__add__))
def test_any_text_has_an_answer(text):
    assert names.is_iscsi_name(text) in (True, False)


@given(st.text("abz019.:-", min_size=1, max_size=199))
def test_letter_case_makes_no_difference(name):
    assert names.is_iscsi_name(PREFIX + name) and names.is_iscsi_name((PREFIX + name).upper())


def test_the_accepted_forms_name_each_kind_and_the_limit():
    for part in ("iqn.", "eui.", "naa.", "223"):
        assert part in names.ACCEPTED_FORMS
