#!/bin/sh
# Copyright: (c) 2026, winstorage.iscsi contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: tools/pictures.sh DEMO FOLDER
# Take the pictures of the report from what the demo wrote: report.png. Where Chromium is missing,
# those of the repository stay.
set -eu
demo=$(realpath "$1") folder=$2
if ! command -v chromium >/dev/null; then
    echo "chromium is missing: the pictures stay as they are" >&2
    exit
fi
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-color-profile=srgb --window-size=1280,800 \
    --virtual-time-budget=3000 --screenshot="$folder/report.png" "file://$demo/before.html" >/dev/null 2>&1
