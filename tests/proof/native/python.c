/* Copyright: (c) 2026, winstorage.iscsi contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* python.exe: what the Windows installer's own does, for the python3xx.dll that comes without one. */

#include <windows.h>

typedef int (*py_main)(int, wchar_t **);

int wmain(int argc, wchar_t **argv)
{
    HMODULE python = LoadLibraryW(PYTHON_DLL);
    py_main run = python ? (py_main)(void *)GetProcAddress(python, "Py_Main") : NULL;
    return run ? run(argc, argv) : 127;
}
