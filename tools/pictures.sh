#!/bin/sh
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: tools/pictures.sh DEMO FOLDER
# Take from the demo what the landing page shows of it. DEMO is the folder that it wrote, and DEMO.txt what it printed.
# FOLDER gets summary.txt, a line for each host, and report.png. Where Chromium is missing, the picture of the repository
# stays.
set -eu
demo=$(realpath "$1") folder=$2
sed -n '/^ *Host .*Needs attention first$/,/^$/ s/^  *//p' "$demo.txt" >"$folder/summary.txt"
if ! [ -s "$folder/summary.txt" ]; then
    echo "$demo.txt has no line for each host" >&2
    exit 1
fi
if ! command -v chromium >/dev/null; then
    echo "chromium is missing: the picture stays as it is" >&2
    exit
fi
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-color-profile=srgb --window-size=1280,800 \
    --virtual-time-budget=3000 --screenshot="$folder/report.png" "file://$demo/before.html" >/dev/null 2>&1
