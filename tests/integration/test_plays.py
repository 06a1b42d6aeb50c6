# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts task among the things that playbooks do: groups of defaults, loops, delegation, batches of hosts."""

from __future__ import annotations

import pytest

HOSTS = ("sql01", "sql02", "sql03")
PLAYS = """
- name: defaults
  hosts: all
  gather_facts: false
  module_defaults:
    group/winstorage.iscsi.initiator:
      time_limit: -7
  tasks:
    - {name: from the group, winstorage.iscsi.initiator_facts: , ignore_errors: true}
    - {name: overridden, winstorage.iscsi.initiator_facts: {time_limit: 10}}

- name: one after the other
  hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - {name: alone, winstorage.iscsi.initiator_facts: {gather_subset: initiator}}

- name: delegated
  hosts: sql01
  gather_facts: false
  tasks:
    - name: in a loop
      winstorage.iscsi.initiator_facts:
        gather_subset: [initiator]
      delegate_to: "{{ item }}"
      delegate_facts: true
      loop: [sql02, sql03]
    - name: by a play variable
      winstorage.iscsi.initiator_facts:
      vars: {winstorage_iscsi_simulator_state: sql03.yml}
    - name: where the facts went
      ansible.builtin.debug:
        msg: "{{ ['sql02', 'sql03'] | map('extract', hostvars, nodes) }}"
      vars: {nodes: [ansible_facts, windows_iscsi, initiator, node_name]}
    - name: filters and tests
      ansible.builtin.debug:
        msg:
          - "{{ ansible_facts.windows_iscsi | winstorage.iscsi.logins_to('iqn.2004-01.com.example:data') | length }}"
          - "{{ ansible_facts.windows_iscsi.persistent_logins | winstorage.iscsi.table(['portal.address']) }}"
          - "{{ 3 | winstorage.iscsi.flags('security') | winstorage.iscsi.flags_raw('security') }}"
          - "{{ ansible_facts.windows_iscsi.initiator.node_name is winstorage.iscsi.iqn }}"
          - "{{ (ansible_facts.windows_iscsi | winstorage.iscsi.summary).splitlines() | first }}"
"""


@pytest.fixture(scope="module")
def play(site):
    for name in HOSTS:
        site.host(
            name,
            {
                "service": {"state": "running", "start_mode": "automatic"},
                "initiator": {"node_name": f"iqn.1991-05.com.microsoft:{name}"},
                "persistent_logins": [{"target": "iqn.2004-01.com.example:data", "portal": "192.0.2.21"}],
            },
        )
    done = site.run(PLAYS, ANSIBLE_FORKS="3")
    assert done.rc == 0, done.output
    return done


def node_names(play, task):
    return {
        (one.host, one.result["ansible_facts"]["windows_iscsi"]["initiator"]["node_name"].rpartition(":")[2])
        for one in play.results
        if one.task == task and "ansible_facts" in one.result
    }


def result_of(play, task):
    return next(one.result for one in play.results if one.task == task)


def test_defaults_of_the_action_group_reach_the_task(play):
    found = [one for one in play.results if one.task == "from the group"]
    assert {one.host for one in found if one.status == "failed" and "not -7" in one.result["msg"]} == set(HOSTS)
    assert node_names(play, "overridden") == {(name, name) for name in HOSTS}


def test_hosts_one_after_the_other(play):
    assert node_names(play, "alone") == {(name, name) for name in HOSTS}


def test_a_delegated_task_reads_the_host_it_goes_to(play):
    assert node_names(play, "in a loop") == {("sql01", "sql02"), ("sql01", "sql03")}
    assert result_of(play, "where the facts went")["msg"] == [f"iqn.1991-05.com.microsoft:{name}" for name in HOSTS[1:]]


def test_a_variable_of_the_task_chooses_the_host(play):
    assert node_names(play, "by a play variable") == {("sql01", "sql03")}


def test_filters_and_tests_take_the_facts(play):
    # before ansible-core 2.19, a template gives text
    assert [str(value) for value in result_of(play, "filters and tests")["msg"]] == [
        "1",
        "portal.address\n192.0.2.21",
        "3",
        "True",
        "Next boot: ready. Every disk comes back over as many paths as now.",
    ]
