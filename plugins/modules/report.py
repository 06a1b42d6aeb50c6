#!/usr/bin/python
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of winstorage.iscsi.report; the work is in plugins/action/report.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Write a report on the iSCSI initiators of a fleet
version_added: 1.0.0
author: winstorage.iscsi contributors (@winstorage)
description:
  - Writes a report on all hosts of a play as an HTML page, as JSON, as a summary in Markdown, as a table of disks, and
    as metrics.
  - The page is one file that needs no network. It shows first whether each disk will be there after the next restart,
    and what to run if not. Then follow a map of hosts, portals and targets, the findings, the drift field by field, and
    the details of each host.
  - The report is made on the controller from variables only. No host is contacted, so a fact cache is enough.
options:
  path:
    description:
      - Path of the report on the controller.
      - A path that ends in V(.html) is the path of the page. The other files are written next to it. Any other path is
        a folder for the files C(iscsi.html), C(iscsi.json), C(iscsi.md), C(iscsi.csv) and C(iscsi.prom).
      - Missing folders are created.
    type: path
    required: true
  formats:
    description:
      - Formats to write.
      - V(csv) is a table for a spreadsheet, with a row for each disk. V(prometheus) is a file of metrics for the
        textfile collector of the node exporter.
    type: list
    elements: str
    choices: [html, json, markdown, csv, prometheus]
    default: [html, json, markdown, csv]
  title:
    description: Heading of the report.
    type: str
    default: iSCSI initiators
  hosts:
    description:
      - Hosts in the report. They must be in the inventory, but need not be in the play.
      - By default, all hosts of the play, including those that failed or were unreachable.
    type: list
    elements: str
  audits:
    description:
      - Results of M(winstorage.iscsi.audit_facts) by host.
      - For a host without an entry, the variable C(initiator_audit) of the host is used, in which the role registers
        the result. A host without either is reported from its facts, and counts neither as compliant nor as drifted.
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
    details: It reports whether a file would change, and writes none.
  connection:
    support: none
  delegation:
    support: none
    details: It always runs on the controller.
  diff_mode:
    support: none
    details: The report is too large for a useful diff.
  platform:
    platforms: all
    support: full
notes:
  - The task reports a change if a file differs in more than the time of the report.
  - Facts do not contain the time at which they were gathered. A report from a fact cache is as old as the cache.
  - The files contain host names, addresses and iSCSI names, but no secrets. Their permissions follow the umask.
  - R(The guide to the report,ansible_collections.winstorage.iscsi.docsite.report) describes the keys of the JSON, which
    has a C(schema_version).
seealso:
  - module: winstorage.iscsi.initiator_facts
  - module: winstorage.iscsi.audit_facts
"""

EXAMPLES = r"""
- name: Report all hosts of the play, including those that cannot be reached
  hosts: windows
  gather_facts: false
  tasks:
    - name: Gather the facts of each initiator
      winstorage.iscsi.initiator_facts:
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
    - name: Write the page only
      winstorage.iscsi.report:
        path: /srv/www/iscsi.html
        formats: [html]
        hosts: "{{ groups.windows }}"
"""

RETURN = r"""
paths:
  description: Path of the file in each format.
  returned: success
  type: dict
  sample: {html: /srv/www/iscsi.html}
hosts:
  description: Each host in short, the most serious first. The JSON has everything that is known of it.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Name in the inventory., returned: success, type: str, sample: files03}
    state:
      description: "V(at_risk), V(degraded), V(unknown) or V(ready)."
      returned: success
      type: str
      sample: at_risk
    reason:
      description: Why the host is in this state. Null if it is ready, or if RV(hosts[].attention) names disks.
      returned: success
      type: str
      sample: null
    attention:
      description: What needs attention, the most serious first.
      returned: success
      type: list
      elements: str
      sample: ["E: (data) will be missing."]
    compliant:
      description: Whether the host is as declared. Null if it was not compared.
      returned: success
      type: bool
      sample: true
artifacts:
  description:
    - What a job keeps of the report, for C(data) of C(ansible.builtin.set_stats). Hosts that have nothing of a kind are
      left out of it.
  returned: success
  type: dict
  contains:
    iscsi_totals: {description: As RV(totals)., returned: success, type: dict, sample: {hosts: 3}}
    iscsi_states: {description: State of each host., returned: success, type: dict, sample: {sql01: ready}}
    iscsi_unread:
      description: Why the state of a host is unknown.
      returned: success
      type: dict
      sample: {sql02: "Unreachable: timed out"}
    iscsi_attention:
      description: What needs attention on a host, at most ten lines and the number of others.
      returned: success
      type: dict
      sample: {files03: ["E: (data) will be missing."]}
    iscsi_findings:
      description:
        - The ten most serious findings on a host without remarks, risks and differences from the declaration, each with
          C(severity), C(category), C(kind), C(what) and C(text).
      returned: success
      type: dict
      sample: {}
    iscsi_findings_left_out: {description: Number of further findings., returned: success, type: dict, sample: {}}
totals:
  description: Totals of the fleet, as in the JSON.
  returned: success
  type: dict
  contains:
    hosts: {description: Hosts in the report., returned: success, type: int, sample: 3}
    at_risk:
      description: Hosts that will miss a disk after the next restart, or on which MSiSCSI does not start at boot.
      returned: success
      type: int
      sample: 1
    not_started:
      description:
        - Those of them of which no disk is known that will be missed, because MSiSCSI does not start at boot and is
          stopped now, so that nothing could be read, or has saved logins that show no disk now.
      returned: success
      type: int
      sample: 0
    otherwise_critical:
      description: Hosts that are ready or degraded, but have a critical finding.
      returned: success
      type: int
      sample: 0
    degraded:
      description: Hosts whose disks all come back, but with fewer sessions than now.
      returned: success
      type: int
      sample: 1
    unknown: {description: Hosts without a forecast., returned: success, type: int, sample: 0}
    ready: {description: Hosts on which everything comes back., returned: success, type: int, sample: 1}
    compared: {description: Hosts compared with a declaration., returned: success, type: int, sample: 2}
    drifted: {description: Hosts that are not as declared., returned: success, type: int, sample: 1}
    disks:
      description: Number of disks, in total and by outlook.
      returned: success
      type: dict
      sample: {total: 5, lost: 1, unproven: 0, fewer_paths: 2, same: 2}
    findings:
      description: Number of findings by severity, and how many of them are drift.
      returned: success
      type: dict
      sample: {critical: 2, warning: 13, info: 4, drift: 3}
    logins: {description: Persistent logins., returned: success, type: int, sample: 9}
    sessions: {description: Live sessions., returned: success, type: int, sample: 7}
    sessions_not_saved:
      description: Live sessions without a persistent login.
      returned: success
      type: int
      sample: 1
    portals: {description: Different target portals., returned: success, type: int, sample: 6}
    targets: {description: Different targets., returned: success, type: int, sample: 5}
"""
