# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Takes a bzImage apart. Sourced by stage.sh.

# image_word FILE OFFSET BYTES: a little-endian number in a file.
image_word()
{
	local word

	word=$(od -An -v "-tu$3" -j "$2" -N "$3" "$1")
	echo "${word//[[:space:]]/}"
}

# The release of a bzImage, the first word of its version string.
kernel_version()
{
	local offset

	offset=$(image_word "$1" $((0x20e)) 2)
	tail -c +$((offset + 0x200 + 1)) "$1" | head -c 256 | tr '\0' '\n' |
		sed -n '1s/ .*//p' || true
}

# kernel_payload BZIMAGE: the ELF file inside of it.
kernel_payload()
{
	local setup offset length magic

	setup=$(image_word "$1" $((0x1f1)) 1)
	offset=$(((setup + 1) * 512 + $(image_word "$1" $((0x248)) 4)))
	length=$(image_word "$1" $((0x24c)) 4)
	magic=$(od -An -tx1 -j "$offset" -N 4 "$1" | tr -d ' ')
	# All but gzip carry the size in four bytes that are not theirs.
	case $magic in
	1f8b*) cut_out "$1" "$offset" "$length" | gzip -dc ;;
	02214c18) cut_out "$1" "$offset" $((length - 4)) | lz4 -dc ;;
	28b52ffd) cut_out "$1" "$offset" $((length - 4)) | zstd -dc ;;
	fd377a58) cut_out "$1" "$offset" $((length - 4)) | xz -dc ;;
	7f454c46) cut_out "$1" "$offset" "$length" ;;
	*) die "$1: unknown compression $magic" ;;
	esac
}

cut_out()
{
	tail -c +$(($2 + 1)) "$1" | head -c "$3" || true
}
