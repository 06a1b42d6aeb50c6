# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides: what they show is what is there."""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import itertools
import re
import textwrap
from pathlib import Path

import ansible.executor.powershell
import pytest
import yaml

from ansible_collections.winstorage.iscsi.plugins.module_utils.abi import codecs, memory, status
from ansible_collections.winstorage.iscsi.plugins.module_utils.plan import profiles
from ansible_collections.winstorage.iscsi.plugins.module_utils.runner import checks, wire

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/docsite"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / "rst").glob("*.rst"))}
EXAMPLES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for folder in ("examples", "examples/tasks")
    for path in sorted((ROOT / folder).glob("*.yml"))
    if path.name != "inventory.yml"
}
BLOCK = re.compile(
    r"(?P<above>(?:\S.*\n)+)\n\.\. code-block:: (?P<language>[\w-]+)\n(?:    :.*\n)*\n"
    r"(?P<text>(?:    .*\n|\n)+)"
)


def blocks(page):
    """(the paragraph above, language, text) of each block of a page."""
    for found in BLOCK.finditer(PAGES[page]):
        yield found["above"], found["language"], textwrap.dedent(found["text"]).strip() + "\n"


def without_header(text):
    """A YAML file without its licence."""
    return re.sub(r"\A---\n(?:#.*\n)+\n*", "---\n", text)


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = load("reference")


def test_each_fact_of_the_service_has_a_test_that_is_there():
    """And each row of the tables names one."""
    page = PAGES["service_facts"]
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/unit").rglob("test_*.py"))
    named = set(re.findall(r"``(test_\w+)``", page))
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []
    rows = page.split("\n    * - ")[1:]
    assert len(named) > 50
    assert [row for row in rows if "test" not in row.lower()] == []


@pytest.mark.parametrize("page", REFERENCE.PARTS)
def test_tables_are_those_of_the_core(page):
    assert REFERENCE.renewed(page) == PAGES[page], "run: make reference"


def test_the_documentation_of_host_settings_is_that_of_the_tables():
    assert REFERENCE.renewed_fragment() == REFERENCE.FRAGMENT.read_text(encoding="utf-8"), "run: make reference"
    shared = REFERENCE.FRAGMENT.read_text(encoding="utf-8") + PAGES["host_settings"]
    for profile in profiles.PROFILES.values():
        for advice in profile.values.values():
            assert " ".join(shared.split()).count(advice.source.text) >= 2 and advice.source.date in shared
            assert shared.count(advice.source.url) >= 2


def test_every_status_is_told_once_and_those_with_a_remedy_under_it():
    told = re.findall(r"^      - ``([A-Z][A-Z0-9_]+)``$", PAGES["status_codes"], re.MULTILINE)
    assert sorted(told) == sorted(one.symbol for one in status.KNOWN)


def test_every_flag_that_has_a_name_is_told():
    for codec in (codecs.SECURITY_FLAGS, codecs.LOGIN_FLAGS, codecs.INFORMATION_SPECIFIED, codecs.TARGET_FLAGS):
        for name in codec.bits:
            assert f"      - ``{name}``\n" in PAGES["flags"]


def test_every_page_is_in_the_table_of_contents_and_labelled_by_its_name():
    sections = yaml.safe_load((DOCS / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    assert sorted(page for section in sections for page in section["toctree"]) == sorted(PAGES)
    for page, text in PAGES.items():
        assert re.findall(r"^\.\. _(.*):$", text, re.MULTILINE) == [
            f"ansible_collections.winstorage.iscsi.docsite.{page}"
        ]


REPOSITORY = "https://github.com/winstorage/winstorage.iscsi/blob/main/"  # Galaxy resolves no other links in a README


def test_every_link_between_pages_leads_to_one():
    folders = {"README": ROOT, "SECURITY": ROOT}
    texts = {**PAGES, **{name: (ROOT / f"{name}.md").read_text(encoding="utf-8") for name in folders}}
    links = [
        (page, link)
        for page, text in texts.items()
        for link in re.findall(r"<([^<>\s]+)>`_|\]\(([^)\s]+)\)|^\[[\w.-]+\]: (\S+)", text, re.MULTILINE)
        for link in link
        if link
    ]
    assert len(links) > 20
    assert [
        (page, link)
        for page, link in links
        if "://" not in link
        and not (folders.get(page, DOCS / "rst") / link).exists()
        or link.startswith(REPOSITORY)
        and not (ROOT / link[len(REPOSITORY) :].partition("#")[0]).exists()
    ] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_shown_as_it_is(name):
    shown = [
        text
        for page in PAGES
        for above, language, text in blocks(page)
        if language == "yaml" and f"``{name}``" in above
    ]
    assert shown == [without_header(EXAMPLES[name])]


def test_what_is_shown_as_yaml_is_yaml_without_a_key_twice():
    class Strict(yaml.SafeLoader):
        """As Ansible's loader, to which a key beside one that is merged is one twice."""

        def flatten_mapping(self, node):
            super().flatten_mapping(node)
            keys = [key.value for key, _value in node.value]
            assert len(keys) == len(set(keys)), f"twice: {keys}, {node.start_mark}"

    texts = [text for page in PAGES for _above, language, text in blocks(page) if language == "yaml"]
    assert len(texts) > 20
    for text in [*texts, *EXAMPLES.values()]:
        assert yaml.load(text, Strict)


def test_what_is_named_is_there():
    there = {path.stem for kind in ("modules", "filter", "test") for path in (ROOT / "plugins" / kind).glob("*.*")}
    there |= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    for page, text in PAGES.items():
        named = set(re.findall(r"``winstorage\.iscsi\.([a-z_]+)``", text))
        assert named <= there, page
        for path in re.findall(r"``((?:examples|demo|plugins|roles|tests|tools|docs|\.github)/[\w./-]*)", text):
            assert (ROOT / path).exists(), (page, path)


def rows_of(page, title):
    """The cells of each row of the first table of a section, but for its header."""
    for row in section_of(page, title).split("\n    * - ")[2:]:
        yield [" ".join(cell.split()) for cell in re.split(r"\n      - ?", row.partition("\n\n")[0])]


def variables_of(playbook):
    """The variables that the comment at the top of a playbook names, in a list or in a command."""
    header = (ROOT / f"playbooks/{playbook}.yml").read_text(encoding="utf-8").partition("\n- name")[0]
    return set(re.findall(r"^# (\w+)  +\S", header, re.MULTILINE)) | set(re.findall(r"-e (\w+)=", header))


def test_the_page_on_playbooks_has_every_playbook_and_every_variable():
    there = {path.stem: variables_of(path.stem) for path in (ROOT / "playbooks").glob("*.yml")}
    table = {cells[0]: set(LITERAL.findall(cells[2])) for cells in rows_of("playbooks", "Which there are")}
    assert table == {f"``winstorage.iscsi.{name}``": variables for name, variables in there.items()}
    explained = [cells[0] for cells in rows_of("playbooks", "Their variables")]
    assert sorted(explained) == sorted({f"``{variable}``" for variables in there.values() for variable in variables})


def test_the_readme_has_a_row_for_each_ansible_core_that_may_be_used():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tested = dict(re.findall(r"^\| (2\.\d+) \| [^|]+ \| ([^|]+) \|$", readme, re.MULTILINE))
    oldest = int(re.search(r">=2\.(\d+)", (ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))[1])
    supported = re.search(r"^SUPPORTED := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[
        1
    ].split()
    assert list(tested) == [f"2.{minor}" for minor in range(oldest, int(supported[-1][2:]) + 1)]
    assert [core for core, told in tested.items() if told != "no"] == supported


def test_what_nobody_has_seen_on_windows_is_said_before_windows_is_named_as_supported():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    places = [
        readme.index(text) for text in ("has run on a real Windows host yet", "Server 2012 R2 to 2025", "Use it on")
    ]
    assert places == sorted(places)
    for page in ("connect", "before_windows", "lab"):
        assert f"]: {REPOSITORY}docs/docsite/rst/{page}.rst" in readme


# -- pages that name code ----------------------------------------------------------------------------------------------

LITERAL = re.compile(r"``([^`]+)``")
ITEM = re.compile(r"^(?:\d+\. |- )?\S.*(?:\n +\S.*|\n(?=[^\s\d-])\S.*)*", re.MULTILINE)


def is_path(literal):
    return re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+/?", literal) is not None


def places_to_change():
    """(the paths that an item of the page on extending names, the names in code that it names)."""
    for item in ITEM.findall(PAGES["extending"].partition("Add a property")[2]):
        literals = LITERAL.findall(item)
        paths = [literal for literal in literals if is_path(literal)]
        if paths:
            yield paths, [literal for literal in literals if re.fullmatch(r"[A-Za-z_]+", literal)]


def test_every_place_to_change_exists():
    named = {path for paths, _names in places_to_change() for path in paths}
    assert len(named) > 15
    assert {path for path in named if not (ROOT / path).is_file()} == set()


def test_every_name_in_a_place_to_change_is_in_one_of_its_files():
    places = list(places_to_change())
    assert sum(len(names) for _paths, names in places) > 4
    for paths, names in places:
        files = [ROOT / path for path in paths if (ROOT / path).is_file()]  # the test above says which are missing
        text = "\n".join(file.read_text(encoding="utf-8") for file in files)
        assert not files or [name for name in names if not re.search(rf"\b{name}\b", text)] == [], paths


def test_every_kind_of_extension_names_at_least_three_places():
    sections = re.split(r"^(Add a .*)\n-+\n", PAGES["extending"], flags=re.MULTILINE)[1:]
    assert sections[::2] == ["Add a property of a login", "Add a part", "Add a function of the DLL", "Add a risk"]
    for title, text in zip(sections[::2], sections[1::2]):
        assert len({literal for literal in LITERAL.findall(text) if is_path(literal)}) >= 3, title


def test_every_page_that_code_refers_to_exists():
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in ("plugins", "roles", "tools", "demo", "examples")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".yml", ".cs", ".ps1", ".j2", ".js")
    }
    sources.update((f"{page}.rst", text) for page, text in PAGES.items())
    patterns = (
        r"ansible_collections\.winstorage\.iscsi\.docsite\.(\w+)",
        r"docs/docsite/rst/(\w+)\.rst",
        r"\b(\w+)\.rst in docs\b",
        r":(?:doc|ref):`[^`]*?<?(\w+)>?`",
    )
    named = {(source, page) for source, text in sources.items() for form in patterns for page in re.findall(form, text)}
    assert {page for _source, page in named} >= {"declaring", "engines", "report"}
    assert {(source, page) for source, page in named if page not in PAGES} == set()


PACKAGES = ("abi", "runner", "model", "client", "plan")


def section_of(page, title):
    """A section of a page, without its title."""
    parts = re.split(r"^(\S.*)\n-{3,}\n", PAGES[page], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))[title]


WALKTHROUGHS = {"walkthrough_property": "Add a property of a login", "walkthrough_part": "Add a part"}


def added_lines(name):
    """{path: the lines that a walkthrough adds to it}"""
    added, path = {}, None
    for line in (DOCS / f"rst/{name}.diff").read_text(encoding="utf-8").splitlines():
        if line.startswith("+++ "):
            path = line[4:].split("\t")[0].removeprefix("b/")
            added[path] = []
        elif line.startswith("+"):
            added[path].append(line[1:])
    return added


@pytest.mark.parametrize("name", WALKTHROUGHS)
def test_what_a_walkthrough_adds_is_still_there(name):
    added = added_lines(name)
    assert sum(len(lines) for lines in added.values()) > 5
    missing = [
        (path, line)
        for path, lines in added.items()
        for line in lines
        if line not in (ROOT / path).read_text(encoding="utf-8").splitlines()
    ]
    assert missing == []


@pytest.mark.parametrize("name, title", WALKTHROUGHS.items())
def test_a_walkthrough_changes_only_the_places_that_its_section_names(name, title):
    section = section_of("extending", title)
    assert f".. literalinclude:: {name}.diff" in section
    places = {path for path in added_lines(name) if path.startswith(("plugins/", "docs/", "roles/"))}
    assert places and {path for path in places if f"``{path}``" not in section} == set()


def modules_in(text):
    """The names in a text that may be those of modules."""
    return {literal for literal in LITERAL.findall(text) if re.fullmatch("[a-z_]+", literal)}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_architecture_names_every_module_of_a_package_and_no_other(package):
    core = section_of("architecture", "The core")
    text = re.search(rf"^``{package}``: .*\n((?:    .*\n)+)", core, re.MULTILINE)[1]
    if package == "plan":
        text += section_of("architecture", "How a change runs")
    folder = ROOT / "plugins/module_utils" / package
    assert modules_in(text) == {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_the_architecture_names_every_module_of_the_controller_and_no_other():
    folder = ROOT / "plugins/plugin_utils"
    modules = {path.stem for path in folder.glob("[!_]*") if path.suffix == ".py" or path.is_dir()}
    parts_of_report = {path.stem for path in (folder / "report").glob("[!_]*.py")}
    named = modules_in(section_of("architecture", "On the controller"))
    assert named - {"python"} == modules | parts_of_report  # python is an engine


# -- messages ----------------------------------------------------------------------------------------------------------


def texts_of_code():
    """Every constant text in the code of the collection, and what is said of each status."""
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield " ".join(node.value.split())
    for code in status.KNOWN:
        yield code.describe()


def quoted_messages():
    """The messages that the pages on troubleshooting and declarations quote."""
    for page in ("troubleshooting", "declaring"):
        for _above, language, text in blocks(page):
            if language == "text":
                for message in text.strip().split("\n\n"):
                    yield " ".join(message.split())


def test_every_message_that_is_explained_is_one_of_the_collection():
    texts, unknown, messages = list(texts_of_code()), [], list(quoted_messages())
    assert len(messages) > 40
    for message in messages:
        fragments = [fragment.strip(" :;,") for fragment in message.split("...")]
        fragments = [fragment for fragment in fragments if len(fragment) > 3]
        assert fragments, message
        unknown += [(message, fragment) for fragment in fragments if not any(fragment in text for text in texts)]
    assert unknown == []


def test_each_message_that_is_explained_is_followed_by_what_to_do():
    parts = re.split(r"^(\S.*)\n~+\n", PAGES["troubleshooting"], flags=re.MULTILINE)[1:]
    sections = dict(itertools.zip_longest(parts[::2], parts[1::2]))
    assert len(sections) > 25
    for title, text in sections.items():
        assert "**Cause:**" in text and "**What to do:**" in text, title


# -- security ----------------------------------------------------------------------------------------------------------

WRAPPER = Path(ansible.executor.powershell.__file__).parent  # what ansible-core runs around a module on Windows


WRAPPER_OF_TODAY = pytest.mark.skipif(
    tuple(map(int, ansible.__version__.split(".")[:2])) < (2, 19),
    reason="the page speaks of ansible-core 2.19 and newer",
)


@WRAPPER_OF_TODAY
def test_the_message_that_security_quotes_of_ansible_core_is_the_one_it_has():
    quoted = re.search(r"\*(Cannot run untrusted[^*]*)\*", PAGES["security"])[1]
    fragments = " ".join(quoted.split()).split(" ... ")
    wrapper = (WRAPPER / "module_wrapper.ps1").read_text(encoding="utf-8")
    assert len(fragments) == 2
    assert [fragment for fragment in fragments if fragment not in wrapper] == []


@WRAPPER_OF_TODAY
@pytest.mark.parametrize(
    "name, file",
    [
        ("ConvertFrom-Json", "exec_wrapper.ps1"),
        ("meta/powershell_signatures.psd1", "module_manifest.py"),
    ],
)
def test_what_security_says_of_ansible_core_is_in_it(name, file):
    assert f"``{name}``" in PAGES["security"]
    assert name.rpartition("/")[2] in (WRAPPER / file).read_text(encoding="utf-8")


def test_the_limits_are_those_of_the_code():
    limits = dict(re.findall(r"      - ([\d,]+(?: MiB)?)\n      - ``(\w+)``", section_of("security", "Limits")))
    assert {name: limit for limit, name in limits.items()} == {
        "MAX_ANSWER": f"{wire.MAX_ANSWER >> 20} MiB",
        "MAX_ANSWER_VALUES": f"{wire.MAX_ANSWER_VALUES:,}",
        "MAX_ITEMS": f"{wire.MAX_ITEMS:,}",
        "MAX_RUNS": f"{wire.MAX_RUNS:,}",
        "BUFFER_CAP": f"{checks.BUFFER_CAP >> 20} MiB",
        "Budget": f"{inspect.signature(memory.Budget).parameters['elements'].default:,}",
    }


def test_security_is_found_from_where_one_looks_for_it():
    for name in ("README.md", "SECURITY.md"):
        assert "docs/docsite/rst/security.rst" in (ROOT / name).read_text(encoding="utf-8")
    for page in ("engines", "troubleshooting"):
        assert "<security.rst>`__" in PAGES[page], page


# -- what nobody has seen ----------------------------------------------------------------------------------------------

# What the pages say that nobody has seen, by a part of the sentence -> the claim on the page before_windows that it is.
UNSEEN = {
    "run them in AWX": "The playbooks run in AWX or Automation Platform",
    "How long that takes on Windows": "A round trip takes seconds, not minutes",
    "How long they take on Windows": "A round trip takes seconds, not minutes",
    "The duration of a round trip": "A round trip takes seconds, not minutes",
    "compared this with the events": "Events are explained",
    "``Enable-MSDSMAutomaticClaim`` shows": "MPIO shows a claim at once, before the restart",
    "the two firewall rules by ``InstanceID``": "Firewall rules are found by their name",
    "``Parameters`` of ``mpio``": "The key of MPIO is there only where MPIO is installed",
    "whether the defaults, which are quoted": "The quoted defaults of timers are right",
    "followed this page": "The lab can be built",
    "How Windows lists the ports": "Initiator ports have their addresses",
    "nobody has run this collection on Windows yet": "Initiator ports have their addresses",  # of multipath, the same
    "**The real iscsidsc.dll.**": "The C# compiles and calls the real DLL under Windows PowerShell 5.1",
    "**Windows PowerShell 5.1**": "The C# compiles and calls the real DLL under Windows PowerShell 5.1",
    "**The management classes and the event log": "Disks and volumes are right",
    "**A missing export in PowerShell": "It does so under PowerShell 7",
    "**WinRM itself.**": "Encrypted WinRM and Kerberos work, within the quotas of WinRM",
    "**A 32-bit process.**": "32-bit processes work",
    "**The service manager of Windows.**": "Each start mode of the service is set",
    "Not known. Observations of other software": "How Windows behaves where that is not known",
    "``MSiSCSI_PersistentLogins`` is not known": (
        "The first contact finds no difference between the DLL and other witnesses"
    ),
    "to confirm them": "The first contact finds no difference between the DLL and other witnesses",
    "services wait for it": "What waits for a service that is disabled or manual does as the risks say",
    "the initiator reconnects once": "What waits for a service that is disabled or manual does as the risks say",
    "watched such a process end": "A hung discovery does not hold the task for ever",
    "has not met any policy": "A secret appears in no log in clear",
    "with the logs of Windows PowerShell 5.1": "A secret appears in no log in clear",
    "signing for App Control": "Constrained Language Mode ends with an error that names it",
    "the ``python`` engine under App Control": "The ``python`` engine works under App Control",
    "App Control, JEA": "JEA ends with an error that names it",
    "JEA, or ``become``": "``become`` with ``runas`` works",
    "whether a scanner objects": "The antimalware scanner lets it pass",
    "The copies are values of": ("A portal that was saved for an initiator port that is gone can be removed"),
    "Windows adds the claim to the lists": "MPIO shows a claim at once, before the restart",
    "checks with Windows' own tools": "The role reaches what it declares, seen by tools of Windows alone",
    "GitHub's Windows runners": "Every module passes its test of ``ansible-test``",
}
# What no command on Windows shows, and what only leads to such sentences.
NO_CLAIM = (
    "Nobody has run this collection on Windows yet",  # of which each row of that page is a part
    "Nobody outside the project has reviewed the code",  # said on that page, too
    "see `What nobody has tried`_",
    "says what nobody has tried on Windows yet",
    "how the simulator behaves where the behaviour of Windows is not known",
    "says how this Windows behaves where that is not known",
    "The probe finds out how this Windows behaves where that is not known",
    "lists what nobody has seen there",
    "Both are null where they are not known",
)
HAS_NOT = re.compile(
    r"\b[Nn]obody has\b|\b[Nn]obody outside\b|\b[Nn]othing on this page has\b"
    r"|\b[Ii]t is not known\b|\b(?:is|are) not known(?=[.:;]|$)|\bNot known\. Observations\b"
    r"|\b(?:has|was) not (?:been (?:run|tried|measured|seen)|tried|met)\b"
)


def unseen():
    """(page, paragraph or item, how often it says that something was not seen). A list that such a sentence or title
    begins is a list of what was not seen."""
    texts = {**PAGES, **{name: (ROOT / f"{name}.md").read_text(encoding="utf-8") for name in ("README", "SECURITY")}}
    del texts["before_windows"]
    for page, text in texts.items():
        in_list = False
        for part in re.split(r"\n\s*\n|\n(?=\s*(?:\* )?- )", text):
            part = " ".join(part.split())
            shorter = functools.reduce(lambda rest, phrase: rest.replace(phrase, ""), NO_CLAIM, part)
            said = len(HAS_NOT.findall(shorter))
            if part.startswith("- "):
                said = said or int(in_list and shorter == part)
            else:
                last = HAS_NOT.search(shorter.split(". ")[-1])
                in_list = part.endswith("---") and said > 0 or part.endswith(":") and last is not None
                said = 0 if in_list else said
            if said:
                yield page, part, said


def test_whatever_nobody_has_seen_on_windows_has_its_row_on_the_page_for_that():
    found = list(unseen())
    assert len(found) > 25
    missing = [(page, part) for page, part, said in found if len([known for known in UNSEEN if known in part]) < said]
    assert missing == [], "give each a row in before_windows.rst, and name the two in UNSEEN"
    assert [known for known in UNSEEN if not any(known in part for _page, part, _said in found)] == []
    page = " ".join(PAGES["before_windows"].split())
    assert [claim for claim in UNSEEN.values() if f"* - {claim} - " not in page] == []


def test_a_new_sentence_about_what_nobody_has_seen_is_noticed(monkeypatch):
    before = len(list(unseen()))
    for text in (
        "Nobody has tried this on Windows.",
        "It is not known:\n\n- whether it works",
        "It has not been run yet.",
    ):
        monkeypatch.setitem(PAGES, "awx", PAGES["awx"] + "\n\n" + text + "\n")
        assert len(list(unseen())) == (before := before + 1), text
