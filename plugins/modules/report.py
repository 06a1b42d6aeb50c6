#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.report; the work is in plugins/action/report.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write the report of a fleet's iSCSI initiators
version_added: 0.1.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Writes what is known of all hosts of a play as a page to read in a browser, as JSON, and as a summary in Markdown.
  - The page is one file that needs no network. First comes whether each disk will be there after the next restart and
    what to run where it will not, then a map of hosts, portals and targets, findings, drift field by field, and each
    host in detail.
  - It is made on the controller from variables alone. No host is contacted, so a fact cache is enough.
options:
  path:
    description:
      - Where to write, on the controller. A path that ends in V(.html) is the page, with the other files beside it.
        Any other is a folder, in which the files are C(iscsi.html), C(iscsi.json) and C(iscsi.md).
      - Folders that are missing are made.
    type: path
    required: true
  formats:
    description: What to write.
    type: list
    elements: str
    choices: [html, json, markdown]
    default: [html, json, markdown]
  title:
    description: The heading.
    type: str
    default: iSCSI initiators
  hosts:
    description:
      - The hosts to report. They need not be in the play, only in the inventory.
      - All hosts of the play by default, also those that were unreachable or failed.
    type: list
    elements: str
  audits:
    description:
      - Results of M(winstorage.iscsi.audit) by host.
      - A host that is not here is looked for in its variable C(initiator_audit), where the role registers it. A
        host without any is reported from its facts alone, and is not called as declared or drifted.
    type: dict
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  become:
    support: none
  bypass_host_loop:
    support: none
    details: Use C(run_once).
  check_mode:
    support: full
    details: It tells whether a file would be changed, and writes none.
  connection:
    support: none
  delegation:
    support: none
    details: It always runs on the controller.
  diff_mode:
    support: none
    details: The report is too large to be compared line by line.
  platform:
    platforms: all
    support: full
notes:
  - The task is C(changed) when a file differs in more than the time that is written in it.
  - Facts do not say when they were gathered. A report from a fact cache is as old as the cache.
  - The files name hosts, addresses and iSCSI names, and hold no secret. They are made with the permissions that the
    user's umask leaves.
  - The keys of the JSON are described in
    R(the guide to the report,ansible_collections.winstorage.iscsi.docsite.report).
    They have a C(schema_version).
seealso:
  - module: winstorage.iscsi.facts
  - module: winstorage.iscsi.audit
"""

EXAMPLES = r"""
- name: Report all hosts of the play, also those that cannot be reached
  hosts: windows
  gather_facts: false
  tasks:
    - name: Gather what each initiator has saved and is connected to
      winstorage.iscsi.facts:
      ignore_unreachable: true

    - name: Write the report
      winstorage.iscsi.report:
        path: "{{ playbook_dir }}/report"
        title: Storage of the north site
      run_once: true

- name: Report the whole inventory from the fact cache, without contacting any host
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Write the page alone
      winstorage.iscsi.report:
        path: /srv/www/iscsi.html
        formats: [html]
        hosts: "{{ groups.windows }}"
"""

RETURN = r"""
paths:
  description: The file of each form.
  returned: success
  type: dict
  sample: {html: /srv/www/iscsi.html}
totals:
  description: The fleet in numbers, as in the JSON.
  returned: success
  type: dict
  contains:
    hosts: {description: Hosts in the report., returned: success, type: int, sample: 3}
    at_risk: {description: Hosts that will miss a disk after the next restart., returned: success, type: int, sample: 1}
    degraded:
      description: Hosts whose disks come back, but not all that is connected now.
      returned: success
      type: int
      sample: 1
    unknown: {description: Hosts of which it is not known., returned: success, type: int, sample: 0}
    ready: {description: Hosts on which all comes back., returned: success, type: int, sample: 1}
    compared: {description: Hosts compared with a declaration., returned: success, type: int, sample: 2}
    drifted: {description: Hosts that are not as declared., returned: success, type: int, sample: 1}
    disks:
      description: Disks by what becomes of them.
      returned: success
      type: dict
      sample: {total: 5, lost: 1, unproven: 0, fewer_paths: 2, same: 2}
    findings:
      description: Findings by severity, and those that are drift.
      returned: success
      type: dict
      sample: {critical: 2, warning: 13, info: 4, drift: 3}
    logins: {description: Saved logins., returned: success, type: int, sample: 9}
    sessions: {description: Live sessions., returned: success, type: int, sample: 7}
    sessions_not_saved:
      description: Live sessions that no saved login goes with.
      returned: success
      type: int
      sample: 1
    portals: {description: Different discovery portals., returned: success, type: int, sample: 6}
    targets: {description: Different targets., returned: success, type: int, sample: 5}
"""
