# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the site of `make docs`. It needs no network."""

from __future__ import annotations

import os
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx import addnodes
from sphinx.directives.code import LiteralInclude
from sphinx.transforms import SphinxTransform

project = "winstorage.iscsi"
author = "winstorage.iscsi contributors"
project_copyright = f"2026, {author}"
html_title = project

extensions = ["sphinx_antsibull_ext", "sphinx_copybutton"]
copybutton_prompt_text = "$ "
html_theme = "furo"
html_theme_options = {
    "source_repository": "https://github.com/winstorage/winstorage.iscsi/",
    "source_branch": "main",
    "source_directory": "docs/docsite/rst/",
    "top_of_page_buttons": [],
}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sphinx = False
html_copy_source = False
highlight_language = "yaml+jinja"
smartquotes = False
nitpicky = True

# The pages of Ansible's own documentation that the reference leads to.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
ANSIBLE_PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


class LinksBetweenPages(SphinxTransform):
    """Links as they work in the repository, `text <page.rst>`__, lead to the built page, which must exist."""

    default_priority = 100

    def apply(self, **_options):
        for link in list(self.document.findall(nodes.reference)):
            page = re.fullmatch(r"(\w+)\.rst", link.get("refuri", ""))
            if page:
                link.replace_self(
                    addnodes.pending_xref(
                        "",
                        nodes.inline("", link.astext()),
                        refdomain="std",
                        reftype="doc",
                        reftarget=page[1],
                        refdoc=self.env.current_document.docname,
                        refexplicit=True,
                        refwarn=True,
                    )
                )


class LinksToReference(SphinxTransform):
    """The full name of a plugin in a guide leads to its reference."""

    default_priority = 100

    def apply(self, **_options):
        if not self.env.current_document.docname.startswith("docsite/"):
            return
        for text in list(self.document.findall(nodes.literal)):
            name = re.fullmatch(r"winstorage\.iscsi\.(\w+)", text.astext())
            pages = [page for page in self.env.found_docs if name and re.fullmatch(f"{name[1]}_[a-z]+", page)]
            if len(pages) == 1 and not isinstance(text.parent, nodes.reference):
                target = addnodes.pending_xref(
                    "",
                    text.deepcopy(),
                    refdomain="std",
                    reftype="doc",
                    reftarget=f"/{pages[0]}",
                    refdoc=self.env.current_document.docname,
                    refexplicit=True,
                    refwarn=True,
                )
                text.replace_self(target)


class IncludedFile(LiteralInclude):
    """A file beside the guides. The pages are built from copies of the guides, which lie elsewhere."""

    def run(self):
        if self.env.current_document.docname.startswith("docsite/"):
            page = Path(self.env.doc2path(self.env.current_document.docname)).parent
            self.arguments[0] = os.path.relpath(Path(__file__).parent / "rst" / self.arguments[0], page)
        return super().run()


class NoContents(Directive):
    """Nothing: the theme shows the contents of each page beside it, and complains of a second list."""

    option_spec = {"local": directives.flag, "depth": directives.nonnegative_int}

    def run(self):
        return []


# What the theme and the extension for plugins write, and what it has to be for a screen reader.
CORRECTIONS = {
    'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"',
    'aria-role="button" ': "",
}


def correct_accessibility(_app, _page, _template, context, _document):
    """Correct what is known to be wrong in a page."""
    for part in ("body", "furo_navigation_tree"):
        for written, correct in CORRECTIONS.items():
            context[part] = (context.get(part) or "").replace(written, correct)


def find_at_ansible(_app, _environment, node, content):
    """A reference to a page of Ansible's own."""
    if node["reftarget"] in ANSIBLE_PAGES:
        return nodes.reference("", "", content, internal=False, refuri=ANSIBLE + ANSIBLE_PAGES[node["reftarget"]])
    return None


def setup(app):
    """Called by Sphinx."""
    app.add_directive("literalinclude", IncludedFile, override=True)
    app.add_directive("contents", NoContents, override=True)
    app.add_transform(LinksBetweenPages)
    app.add_transform(LinksToReference)
    app.connect("missing-reference", find_at_ansible)
    app.connect("html-page-context", correct_accessibility, priority=900)  # after the theme
    return {"parallel_read_safe": True}
