# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python runner as a program: a batch a line in, its answer a line out, or after "! " the exception.

The arguments: the folder of module_utils, and the library where it is not to be found by its name.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback

folder, library = sys.argv[1], (sys.argv[2:] or [None])[0]
package = importlib.util.spec_from_loader("module_utils", loader=None, is_package=True)
sys.modules["module_utils"] = importlib.util.module_from_spec(package)
sys.modules["module_utils"].__path__ = [folder]

from module_utils.runner import native  # noqa: E402

for line in sys.stdin:
    try:
        answer = native.run_here(line.strip(), library)
    except Exception:
        answer = "! " + traceback.format_exc().replace("\n", " | ")
    print(answer, flush=True)
os._exit(0)  # a call that hangs keeps its thread
