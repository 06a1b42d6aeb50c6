# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every target sets itself up: it needs GNU make, a Python 3.11 or newer, and a package index for pip.
# `make help` lists the targets. All that they leave lies in .build and .venv-*, which `make clean` removes.

# ansible-core 2.19 supports Python 3.11 to 3.13, and 2.21 supports 3.12 to 3.14. One found Python is enough.
PYTHON_2.19 := $(shell tools/find-python 3.11 3.12 3.13)
PYTHON_2.21 := $(shell tools/find-python 3.12 3.13 3.14)
CORES := $(strip $(if $(PYTHON_2.19),2.19) $(if $(PYTHON_2.21),2.21))
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
$(if $(CORES),,$(error No Python 3.11 to 3.14 with the venv module was found on PATH or in pyenv))
endif

# The core for what runs once: demo, bench, lint and docs.
CORE ?= $(lastword $(CORES))

# A suite is a folder of tests; it runs under every core. pytest workers of each: the proof shares servers and compilers.
SUITES := $(foreach suite,unit sweep explore integration proof,$(if $(wildcard tests/$(suite)),$(suite)))
WORKERS_unit := 2
WORKERS_sweep := 2
WORKERS_explore := 2
WORKERS_integration := 2
WORKERS_proof := 0

# Ansible loads a collection only from ansible_collections/NAMESPACE/NAME; this link lets a clone anywhere be one.
VIEW := .build/view/ansible_collections/winstorage/iscsi
IN_VIEW = env ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build/view" PYTHONPATH="$(CURDIR)/.build/view" \
	ANSIBLE_HOME="$(CURDIR)/.build/ansible" PATH="$(CURDIR)/.venv-$(1)/bin:$$PATH"
PIP_INSTALL := bin/python -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules --output-sync=target

##@ Use
.PHONY: demo
demo: .venv-$(CORE)/core.stamp $(VIEW) | pythons ## report three simulated Windows hosts; CORE=2.19 chooses ansible-core
	$(call IN_VIEW,$(CORE)) ANSIBLE_CONFIG=demo/ansible.cfg ansible-playbook demo/demo.yml

##@ Check (test-unit, test-sweep, test-explore, test-integration, test-proof, test-molecule, test-sanity alone, or test-unit-2.19 and so on under one ansible-core)
REPORTS := $(foreach suite,$(SUITES),$(foreach core,$(CORES),.build/reports/$(suite)-$(core).xml))

# test-sweep lets calls fail in a sample of all cases; SWEEP=all runs every one.
CHECKS ?= lint test-sanity test-molecule
.PHONY: test
test: $(CHECKS) $(SUITES:%=test-%) ## all suites, molecule, sanity and lint, under every ansible-core that a Python here serves
	@.venv-$(CORE)/bin/python tools/summary.py $(REPORTS)

define SUITE
.PHONY: test-$(1)
test-$(1): $(CORES:%=test-$(1)-%)
endef
define SUITE_UNDER_CORE
.PHONY: test-$(1)-$(2)
test-$(1)-$(2): .venv-$(2)/test.stamp $(VIEW) | pythons
	$$(call IN_VIEW,$(2)) python -m pytest -n $(WORKERS_$(1)) \
	    --junit-xml=.build/reports/$(1)-$(2).xml tests/$(1)
endef
$(foreach suite,$(SUITES),$(eval $(call SUITE,$(suite))))
$(foreach suite,$(SUITES),$(foreach core,$(CORES),$(eval $(call SUITE_UNDER_CORE,$(suite),$(core)))))

# Seeds that nobody tried before, unless one is given.
EXPLORE_CASES ?= 100000
.PHONY: explore
explore: .venv-$(CORE)/test.stamp $(VIEW) | pythons ## 100,000 random cases for the explorer; EXPLORE_CASES and EXPLORE_SEED say which
	$(call IN_VIEW,$(CORE)) EXPLORE_CASES=$(EXPLORE_CASES) EXPLORE_SEED=$(or $(EXPLORE_SEED),$$(date +%s)) \
	    python -m pytest -n auto tests/explore

# The scenario windows wants a real host, so it is not among these.
SCENARIOS := default modules
.PHONY: test-molecule $(CORES:%=test-molecule-%)
test-molecule: $(CORES:%=test-molecule-%)
$(CORES:%=test-molecule-%): test-molecule-%: .venv-%/test.stamp $(VIEW) | pythons
	$(call IN_VIEW,$*) ANSIBLE_HOME="$(CURDIR)/.build/molecule-$*" MOLECULE_COMMAND_BORDERS=false \
	    molecule test $(SCENARIOS:%=--scenario-name %)

.PHONY: test-sanity $(CORES:%=test-sanity-%)
test-sanity: $(CORES:%=test-sanity-%)
$(CORES:%=test-sanity-%): test-sanity-%: .venv-%/core.stamp | pythons
	.venv-$*/bin/python tools/sanity.py .build/sanity-$*

LINTED := $(wildcard demo examples extensions playbooks roles)
.PHONY: lint lint-ansible lint-changelog lint-docs lint-licenses lint-python lint-types lint-yaml
lint: lint-ansible lint-changelog lint-docs lint-licenses lint-python lint-types lint-yaml ## ansible-lint, ruff, mypy, yamllint, changelog, docs, licences
lint-ansible: .venv-lint/lint.stamp
	copy=$$(.venv-lint/bin/python tools/stage.py .build/lint) && cd "$$copy" && \
	    env ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build/lint" PATH="$(CURDIR)/.venv-lint/bin:$$PATH" \
	    ansible-lint --offline --profile production $(LINTED)
lint-changelog: .venv-lint/lint.stamp
	.venv-lint/bin/antsibull-changelog lint
lint-docs: .venv-lint/lint.stamp $(VIEW)
	$(call IN_VIEW,lint) antsibull-docs lint-collection-docs --plugin-docs --check-extra-docs-refs \
	    --validate-collection-refs self --disallow-unknown-collection-refs .
lint-licenses: .venv-lint/lint.stamp
	.venv-lint/bin/reuse lint --lines
lint-python: .venv-lint/lint.stamp
	.venv-lint/bin/ruff check
	.venv-lint/bin/ruff format --check
lint-types: .venv-lint/lint.stamp $(VIEW)
	.venv-lint/bin/mypy
lint-yaml: .venv-lint/lint.stamp
	.venv-lint/bin/yamllint --strict .

.PHONY: bench
bench: .venv-$(CORE)/bench.stamp $(VIEW) | pythons ## measure decoding and a facts task against their likes
	$(call IN_VIEW,$(CORE)) python bench/run.py

##@ Write
.PHONY: docs
docs: .venv-lint/lint.stamp $(VIEW) ## the site of guides and reference, in .build/docs/html; a warning is an error
	rm -rf .build/docs
	mkdir -p -m 755 .build/docs/rst
	$(call IN_VIEW,lint) antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir .build/docs/rst \
	    winstorage.iscsi
	.venv-lint/bin/python -m sphinx -W --keep-going --quiet -c docs/docsite .build/docs/rst .build/docs/html
	@echo "$(CURDIR)/.build/docs/html/index.html"

.PHONY: reference
reference: .venv-$(CORE)/core.stamp $(VIEW) ## the tables of flags and status codes in docs, and the declarations in C#, anew from the core
	$(call IN_VIEW,$(CORE)) python tools/reference.py

##@ Keep
.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^##@/ { print substr($$0, 5) ":" } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: pythons
pythons: ## which Pythons were found
	@echo "ansible-core 2.19: $(or $(PYTHON_2.19),left out: no Python 3.11 to 3.13 with venv was found)"
	@echo "ansible-core 2.21: $(or $(PYTHON_2.21),left out: no Python 3.12 to 3.14 with venv was found)"

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

.venv-lint/lint.stamp: requirements/lint.txt requirements/core-$(CORE).txt | pythons
	$(PYTHON_$(CORE)) -m venv --clear $(@D)
	$(@D)/$(PIP_INSTALL) -r $< -r requirements/core-$(CORE).txt
	touch $@
