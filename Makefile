# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every target sets itself up: it needs GNU make, a Python 3.10 or newer, and a package index for pip.
# `make help` lists the targets. All that they leave lies in .build and .venv-*, which `make clean` removes.

# Each supported ansible-core, the oldest first, and the Pythons that it supports, the preferred first: the oldest core
# runs on the oldest Python, and no Python is left to none. Cores for which no Python is found are left out.
PYTHONS_2.16 := 3.10 3.11 3.12
PYTHONS_2.18 := 3.12 3.13 3.11
PYTHONS_2.19 := 3.11 3.12 3.13
PYTHONS_2.20 := 3.13 3.14 3.12
PYTHONS_2.21 := 3.14 3.13 3.12
SUPPORTED := 2.16 2.18 2.19 2.20 2.21
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
$(foreach core,$(SUPPORTED),$(if $(filter undefined,$(origin PYTHON_$(core))),$(eval PYTHON_$(core) := $(shell \
	tools/find-python $(PYTHONS_$(core))))))
endif
FOUND := $(foreach core,$(SUPPORTED),$(if $(PYTHON_$(core)),$(core)))
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
$(if $(FOUND),,$(error No Python 3.10 to 3.14 with the venv module was found on PATH or in pyenv))
endif

# The cores that are tested: the newest, those that are named, or all. A plain `make test` is what a change wants every
# time, in less than five minutes: pure Python, playbooks on simulated hosts, and faults in a sample of calls. Naming
# cores asks for everything.
EVERYTHING := $(filter-out undefined,$(origin CORES))
CORES ?= $(lastword $(FOUND))
override CORES := $(if $(filter all,$(CORES)),$(FOUND),$(CORES))
OLDEST := $(firstword $(CORES))
NEWEST := $(lastword $(CORES))

# The core for what runs once: demo, bench and reference.
CORE ?= $(lastword $(FOUND))

# A suite is a folder of tests. The newest core runs each as a whole. The oldest core takes part in each, because with it
# comes the oldest Python, and what is pure Python may depend on that; but of the proof it runs only what Ansible or its
# Python takes part in, not what compilers, browsers and Windows' own Python do by themselves, and of what is searched a
# sample (SEARCH_OF below). Those between run on Pythons between; what may differ there is Ansible itself, which takes
# part in the integration. 2.19, which sends PowerShell something else than the oldest and the newest do, also runs what
# goes over winrm and psrp. What PowerShell's logs keep of that, and what PowerShell for Windows makes of it, is asked of
# both.
SUITES := $(foreach suite,proof integration unit sweep explore,$(if $(wildcard tests/$(suite)),$(suite)))
SUITES_OF = $(if $(filter $(1),$(NEWEST) $(OLDEST)),$(SUITES),$(filter integration $(SUITES_$(1)),$(SUITES)))
SUITES_2.19 := proof
RANK_OF = $(if $(filter $(NEWEST),$(1)),newest,$(if $(filter $(OLDEST),$(1)),oldest,between))
PART_sent := winrm.py logging.py python_engine.py \
	powershell.py::test_the_commands_of_ansible_reach_the_connection_whole \
	powershell.py::test_facts_of_a_host_through_powershell \
	windows_powershell.py::test_facts_are_those_of_the_simulator
PART_proof_oldest := $(addprefix tests/proof/test_,$(PART_sent) check_connection.py engine_failures.py secrets.py)
PART_proof_between := $(addprefix tests/proof/test_,$(PART_sent))
PATH_OF = $(or $(PART_$(1)_$(call RANK_OF,$(2))),tests/$(1))
# The longest start first, so that no processor waits for another at the end.
RUNS := $(foreach suite,$(SUITES),$(foreach core,$(NEWEST) $(filter-out $(NEWEST),$(CORES)),$(if $(filter \
	$(suite),$(call SUITES_OF,$(core))),$(suite)-$(core))))

# As many suites and checks at once as there are processors, each in one process, which costs least.
# `make test-unit WORKERS=4` runs one suite in several processes, but for the proof, which shares servers and compilers.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
WORKERS ?= 0

# Ansible loads a collection only from ansible_collections/NAMESPACE/NAME; this link lets a clone anywhere be one.
VIEW := .build/view/ansible_collections/winstorage/iscsi
IN_VIEW = env ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build/view" PYTHONPATH="$(CURDIR)/.build/view" \
	ANSIBLE_HOME="$(CURDIR)/.build/ansible" PATH="$(CURDIR)/.venv-$(1)/bin:$$PATH"
PIP_INSTALL := bin/python -m pip install -qq --disable-pip-version-check --no-compile
# What pip does not compile, the first import does, and keeps: images of containers often forbid that.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules --output-sync=target
ifneq ($(filter test lint,$(MAKECMDGOALS)),)
MAKEFLAGS += --jobs=$(JOBS)
endif

##@ Use
.PHONY: demo
demo: .venv-$(CORE)/core.stamp $(VIEW) | pythons ## report three simulated Windows hosts; CORE=2.19 chooses ansible-core
	$(call IN_VIEW,$(CORE)) ANSIBLE_CONFIG=demo/ansible.cfg ansible-playbook winstorage.iscsi.demo \
	    -e report_path="$(CURDIR)/.build/demo"

##@ Check (test-unit, test-sweep, test-explore, test-integration, test-proof, test-molecule, test-sanity alone, or test-unit-2.19 and so on under one ansible-core)
# test-sweep lets calls fail in one case of 12; SWEEP=3 in one of 3, SWEEP=all in every one.
CHOSEN := $(if $(EVERYTHING),$(RUNS),$(filter-out proof-% explore-%,$(RUNS)))
CHECKS ?= $(if $(EVERYTHING),lint test-sanity test-molecule)
.PHONY: test
test: $(CHOSEN:%=test-%) $(CHECKS) ## what a change needs every time, within five minutes on two processors, under the newest ansible-core; CORES=all for everything, under every core that a Python here serves
	@.venv-$(NEWEST)/bin/python tools/summary.py $(CHOSEN:%=.build/reports/%.xml)
	@$(if $(EVERYTHING),,echo "left out: the longest playbooks, the explorer, the proof and lint and sanity and molecule; make test CORES=$(NEWEST) runs these too")
	@$(if $(filter-out $(CORES),$(FOUND)),echo "left out: ansible-core $(filter-out $(CORES),$(FOUND)); make test CORES=all runs these too")

# What is found in many random cases, and in many faults, does not depend on the Python below: as many as the environment
# says under the newest core, and few under others.
SEARCH_OF = $(if $(filter $(NEWEST),$(1)),,env -u HYPOTHESIS_PROFILE -u SWEEP EXPLORE_CASES=400)

# A plain `make test` leaves out the playbooks that take longest: most changes show in the others.
PICK_integration := $(if $(EVERYTHING),,$(if $(filter test,$(MAKECMDGOALS)),-m "not long"))

define SUITE
.PHONY: test-$(1)
test-$(1): $(filter test-$(1)-%,$(RUNS:%=test-%))
endef
define SUITE_UNDER_CORE
.PHONY: test-$(1)-$(2)
test-$(1)-$(2): .venv-$(2)/test.stamp $(VIEW) | pythons
	$$(call IN_VIEW,$(2)) $(call SEARCH_OF,$(2)) python -m pytest $(PICK_$(1)) \
	    -n $(if $(filter proof,$(1)),0,$(WORKERS)) \
	    --junit-xml=.build/reports/$(1)-$(2).xml $(call PATH_OF,$(1),$(2))
endef
$(foreach suite,$(SUITES),$(eval $(call SUITE,$(suite))))
$(foreach suite,$(SUITES),$(foreach core,$(FOUND),$(eval $(call SUITE_UNDER_CORE,$(suite),$(core)))))
# All is set up before any suite runs: the proof asks each core what it makes of a connection's variables, and looks at
# the site of the documentation; and make starts what waits for nothing else in the order above.
ifneq ($(filter test,$(MAKECMDGOALS)),)
$(CHOSEN:%=test-%): | $(CORES:%=.venv-%/test.stamp) $(if $(EVERYTHING),docs)
endif

# Seeds that nobody tried before, unless one is given.
EXPLORE_CASES ?= 100000
.PHONY: explore
explore: .venv-$(CORE)/test.stamp $(VIEW) | pythons ## 100,000 random cases for the explorer; EXPLORE_CASES and EXPLORE_SEED say which
	$(call IN_VIEW,$(CORE)) EXPLORE_CASES=$(EXPLORE_CASES) EXPLORE_SEED=$(or $(EXPLORE_SEED),$$(date +%s)) \
	    python -m pytest -n auto tests/explore

# The scenario windows wants a real host, so it is not among these.
SCENARIOS := default modules
.PHONY: test-molecule $(FOUND:%=test-molecule-%)
test-molecule: $(addprefix test-molecule-,$(sort $(OLDEST) $(NEWEST)))
$(FOUND:%=test-molecule-%): test-molecule-%: .venv-%/test.stamp $(VIEW) | pythons
	$(call IN_VIEW,$*) ANSIBLE_HOME="$(CURDIR)/.build/molecule-$*" MOLECULE_COMMAND_BORDERS=false \
	    molecule test $(SCENARIOS:%=--scenario-name %)

# The oldest core and the newest check every file, for every Python, also those of targets; those between what users
# install.
.PHONY: test-sanity $(FOUND:%=test-sanity-%)
test-sanity: $(CORES:%=test-sanity-%)
$(FOUND:%=test-sanity-%): test-sanity-%: .venv-%/core.stamp | pythons
	.venv-$*/bin/python tools/sanity.py .build/sanity-$* $(if $(filter $(NEWEST) $(OLDEST),$*),,--published)

LINTS := lint-ansible lint-changelog lint-docs lint-galaxy lint-licenses lint-python lint-types lint-workflows lint-yaml
.PHONY: lint $(LINTS)
lint: $(LINTS) ## ansible-lint, ruff, mypy, yamllint, changelog, docs, licences, workflows, and the tarball as Galaxy checks it
lint-ansible: .venv-lint/lint.stamp
	copy=$$(.venv-lint/bin/python tools/stage.py .build/lint) && cd "$$copy" && \
	    env ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build/lint" PATH="$(CURDIR)/.venv-lint/bin:$$PATH" \
	    ansible-lint --offline --profile production
lint-changelog: .venv-lint/lint.stamp
	.venv-lint/bin/antsibull-changelog lint
lint-docs: .venv-lint/lint.stamp $(VIEW)
	$(call IN_VIEW,lint) antsibull-docs lint-collection-docs --plugin-docs --check-extra-docs-refs \
	    --validate-collection-refs self --disallow-unknown-collection-refs .
lint-galaxy: .venv-lint/lint.stamp
	env PATH="$(CURDIR)/.venv-lint/bin:$$PATH" .venv-lint/bin/python tools/galaxy.py .build/galaxy
lint-licenses: .venv-lint/lint.stamp
	.venv-lint/bin/reuse lint --lines
lint-python: .venv-lint/lint.stamp
	.venv-lint/bin/ruff check
	.venv-lint/bin/ruff format --check
lint-types: .venv-lint/lint.stamp $(VIEW)
	.venv-lint/bin/mypy
lint-workflows: .venv-lint/lint.stamp
	.venv-lint/bin/actionlint
lint-yaml: .venv-lint/lint.stamp
	.venv-lint/bin/yamllint --strict .

.PHONY: bench
bench: .venv-$(CORE)/bench.stamp $(VIEW) | pythons ## measure decoding, a facts task and the report of a large fleet
	$(call IN_VIEW,$(CORE)) python bench/run.py

##@ Write
.PHONY: docs
docs: .venv-lint/lint.stamp .venv-$(CORE)/core.stamp $(VIEW) ## the site of guides and reference, in .build/docs/html; a warning is an error
	rm -rf .build/docs
	mkdir -p -m 755 .build/docs/rst
	$(call IN_VIEW,lint) antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir .build/docs/rst \
	    winstorage.iscsi
	.venv-lint/bin/python tools/site.py .build/docs/rst
	$(call IN_VIEW,$(CORE)) ANSIBLE_CONFIG=demo/ansible.cfg ansible-playbook winstorage.iscsi.demo \
	    -e report_path="$(CURDIR)/.build/docs/demo" >.build/docs/demo.txt
	cp -r docs/docsite/pictures .build/docs/rst
	tools/pictures.sh .build/docs/demo .build/docs/rst/pictures
	.venv-lint/bin/python -m sphinx -W --keep-going --quiet -c docs/docsite .build/docs/rst .build/docs/html
	@echo "$(CURDIR)/.build/docs/html/index.html"

.PHONY: pictures
pictures: docs ## the pictures in the repository, anew from the demo
	cp .build/docs/rst/pictures/*.png docs/docsite/pictures

.PHONY: reference
reference: .venv-$(CORE)/core.stamp $(VIEW) ## the tables of flags and status codes in docs, and the declarations in C#, anew from the core
	$(call IN_VIEW,$(CORE)) python tools/reference.py

.PHONY: changelog
changelog: .venv-lint/lint.stamp $(VIEW) ## release the version of galaxy.yml: CHANGELOG.rst from the fragments
	$(call IN_VIEW,lint) antsibull-changelog release --update-existing --refresh --reload-plugins

##@ Keep
.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^##@/ { print substr($$0, 5) ":" } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: pythons
pythons: ## which Pythons were found
	@$(foreach core,$(SUPPORTED),echo "ansible-core $(core): $(or $(PYTHON_$(core)),left out: no Python $(PYTHONS_$(core)) with venv was found)";)

.PHONY: clean
clean: ## remove all that these targets made
	rm -rf .build .venv-*

# Set-up. A stamp stands for a finished step, so that an interrupted one starts anew.
$(VIEW):
	mkdir -p $(@D)
	ln -sfn ../../../.. $@

.venv-%/core.stamp: requirements/core-%.txt | pythons
	$(or $(PYTHON_$*),$(error No Python with venv was found for ansible-core $*)) -m venv --clear $(@D)
	$(@D)/$(PIP_INSTALL) -r $<
	touch $@

.venv-%/test.stamp: requirements/test.txt .venv-%/core.stamp
	$(@D)/$(PIP_INSTALL) -r $< -r requirements/core-$*.txt
	touch $@

.venv-%/bench.stamp: requirements/bench.txt .venv-%/test.stamp
	$(@D)/$(PIP_INSTALL) -r $<
	touch $@

.venv-lint/lint.stamp: requirements/lint.txt requirements/core-$(lastword $(FOUND)).txt | pythons
	$(PYTHON_$(lastword $(FOUND))) -m venv --clear $(@D)
	$(@D)/$(PIP_INSTALL) -r $< -r requirements/core-$(lastword $(FOUND)).txt
	touch $@
