#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Has the MMU model teeth? Builds it over copies of the module with one fault
# planted in each, and checks that every fault is found.
# usage: mmu_model_planted.sh DIR
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck source=../ktap.sh
. "$here/../ktap.sh"
module=$here/../../module
mkdir -p "$1"
out=$(readlink -f "$1")

# A line per fault: its name, the file, what sed does to it.
faults='
no flush|flush.c|/^void kage_mmu_flush/,/^}/s/kage_vcpu_request(.*);/;/
flush does not wait|flush.c|s/cpu_relax();/return;/
cached writes to new tables|shadow.c|/^static void track_gfn/,/^}/s/if (vm->mmu.stale)/if (0)/
flush forgotten where a writable entry goes|shadow.c|/^static void drop_old/,/^}/s/vm->mmu.stale = true;//
tables reused before the flush|pool.c|/^static void reap/,/^}/s/if (mmu->stale)/if (0)/
tables reused while they are roots|pool.c|/^static void reap/,/^}/s/if (kage_shadow_loaded(vm, sp))/if (0)/
vCPUs go on loading a dead root|root.c|/^void kage_shadow_unpin/,/^}/s/if (ref.*sp == sp)/if (0)/
large pages not protected|shadow.c|s/protect_list(vm, kage_rmap_list(vm, gfn, 2), .*);//
large writable entry over tables|derive.c|/^static bool has_tables_near/,/^}/s/return .*;/return !slot;/
writable before dirty|spte.h|s/writable \&\& (gpte \& KAGE_PTE_D) \&\&/writable \&\&/
present before accessed|fill.c|s/KAGE_PTE_P | KAGE_PTE_A/KAGE_PTE_P/
table used before accessed|derive.c|s/ \&\& (gpte \& KAGE_PTE_A)//
execution allowed|spte.h|s/KAGE_PTE_U | KAGE_PTE_NX/KAGE_PTE_U/
supervisor writes to user pages without WP|spte.h|s/(!wp \&\& !(gpte & KAGE_PTE_U))/!wp/
second entry of a store forgotten|fault.c|s,(off + len - 1) / 8,off / 8,
device stores not followed|shadow.c|/^void kage_mmu_resync/,/^}/s/kage_shadow_reread(vm/if (off > 4096)\n&/
parents keep a dead table|shadow.c|s/WRITE_ONCE(\*parent, KAGE_SPTE_LAZY);//
reverse map misses an entry|fill.c|s/!kage_ptelist_put(list, \&sp->spt\[i\]) \&\&/!list->val \&\&/
tracking ends with the first of two tables|shadow.c|s/ || has_follower(vm, gfn))/ || has_follower(vm, ~gfn))/
table found in the wrong role|shadow.c|s/ && sp->role.word == role.word/ \&\& sp->role.level == role.level/
read-only memory writable|fill.h|s/!(slot->flags & KAGE_MEM_F_READONLY))/true)/
dirty bit set by reads|gwalk.c|s/if (level == walk->level && (access & KAGE_PF_W))/if (level == walk->level)/
a list forgets one of its ends|rmap.c|s/hole->ptes\[i\] = head->ptes\[--head->nr\];/--head->nr;/
fast store asks nobody|store.c|/^static bool allowed/,/^}/s/if (!(leaf & KAGE_SPTE_TRACKED) || !(above & KAGE_PTE_W))/if (0)/
fast store not followed|store.c|s/kage_shadow_stored(vm, gfn, index, val);//
pieces of a large page stay cached|shadow.c|/^static void flush_pieces/,/^}/s/kage_mmu_flush(vm);/(void)0;/
pieces below a table that is shared stay cached|shadow.c|s/ && !(sp->role.level > 1 && vm->mmu.nr_direct)//
known store of another table|store.c|s/site->spte = \*sptep;/site->spte = 0;/;s/.sptep = site->sptep, .spte = site->spte,/.sptep = site->sptep, .spte = *site->sptep,/
known store by other bytes|memo.c|/memo->code\[[01]\]/d
known store withholds|memo.c|s/(old | spte) & KAGE_SPTE_WITHHELD/0/
unlinked table linked again unseen|shadow.c|/^static void link_again/,/^}/s/track_gfn(vm, sp->gfn);//
unlinked table linked again as it was|shadow.c|/^static void link_again/,/^}/s/kage_fill_again(vm, sp);//
unlinked table keeps what is withheld|fill.c|s/ | KAGE_SPTE_WITHHELD;/;/
unlinked table keeps what was granted|fill.c|/^static __always_inline bool is_same/,/^}/s/(gpte & (KAGE_PTE_W | KAGE_PTE_D)) != KAGE_PTE_W/true/;s/if (!(spte & KAGE_PTE_P) || !find_slot(vm, place, gfn))/if (!(gpte \& KAGE_PTE_D))\n\t\treturn true;\n\t&/
unlinked table grants before dirty|fill.c|/^static __always_inline bool is_same/,/^}/s/(gpte & (KAGE_PTE_W | KAGE_PTE_D)) != KAGE_PTE_W/true/
unlinked table grants writes to tables|fill.c|/^static __always_inline bool alter_w/,/^}/s/kage_slot_tracked(place->slot, gfn)/0/
unlinked table grants and tells nobody|fill.c|/^static __always_inline bool alter_w/,/^}/s/!kage_ptelist_put(list, &sp->spt\[i\]) \&\&/list->val \&\&/
unlinked table keeps rights|fill.c|s/same = KAGE_PTE_P | KAGE_PTE_U | KAGE_PTE_A | KAGE_PTE_NX;/same = KAGE_PTE_P | KAGE_PTE_A;/
unlinked table linked by a parent|derive.c|s/!child || child->unsynced/!child/
unlinked table still reached|shadow.c|/^bool kage_shadow_unlink/,/^}/s/detach(vm, sp);//
root of another mode of paging|root.c|s/vcpu->roots_role != role.word/0/
table prefetched before accessed|prefetch.c|s/ || !kage_shadow_usable(sp, gpte) ||$/ || !(gpte \& KAGE_PTE_P) ||/;s/kage_shadow_follow(vm, sp, index, gpte);/kage_shadow_set(vm, sp, index, kage_spte_table(gpte, false, sp->role.wp, __pa(kage_shadow_find(vm, gfn, kage_shadow_role(sp, gpte, false))->spt)));/
unlinked table reached by what is cached|shadow.c|/^bool kage_shadow_unlink/,/^}/s/kage_mmu_flush(vm);/(void)0;/
dead table speaks for the guest|shadow.c|s/memset64(sp->spt, .*);//
nobody watches what is withheld|route.c|/^void kage_shadow_withhold/,/^}/s/kage_route_watch(vm);//
watching begins too late|route.c|/^void kage_route_watch/,/^}/s/kage_mmu_flush(vm);/(void)0;/
watching ends too early|route.c|/^void kage_route_relax/,/^}/s/kage_mmu_flush(vm);//
error codes of another mode|route.c|/EFER_NX) && /,+1d
pieces of a large page belong to no user|derive.c|s/role.user = .*/role.user = 0;/
old entry used after its flush|shadow.c|/^static void hide/,/^}/s/kage_shadow_set(vm, sp, index, KAGE_SPTE_LAZY);/;/
absent entry seen after its store|shadow.c|/^static void hide/,/^}/s/WRITE_ONCE(.*);/;/
a page table withheld and not counted|spte.h|s/(spte & KAGE_PTE_U ? KAGE_SPTE_WITHHELD : 0)/0/
'

plant()
{
	local dir=$1 file=$2 edit=$3

	rm -rf "$dir"
	mkdir -p "$dir/module"
	cp -r "$module"/*.h "$module"/{mmu,emul,vmx,dev} "$dir/module"
	sed -i "$edit" "$dir/module/mmu/$file"
	! cmp -s "$module/mmu/$file" "$dir/module/mmu/$file" || {
		echo "nothing to plant in $file"
		return 1
	}
}

# Speed counts more than a second opinion.
build()
{
	make -s -C "$here" MODULE="$1/module" O="$1" SANITIZE= \
		"$1/mmu_model_test"
}

# The module with small limits, which a short run would not meet otherwise.
small()
{
	local dir=$out/small

	plant "$dir" rmap.h \
		's/\(KAGE_DESC_DEPTH\t\).*/\11/; s/\(KAGE_DESC_ENTRIES\t\).*/\12/'
	sed -i 's/\(KAGE_MMU_DYING_MAX\t\).*/\133/' \
		"$dir/module/mmu/shadow.h"
	sed -i 's/\(DYING_BATCH\t\).*/\12/' "$dir/module/mmu/pool.c"
	build "$dir"
	timeout 300 "$dir/mmu_model_test" >"$dir/log" 2>&1 || {
		tail -n 3 "$dir/log" | sed 's/^/# /'
		return 1
	}
}

# Passes if the test fails, in its own words: a short run, then longer ones.
found()
{
	local dir=$out/$1 run status

	plant "$dir" "$2" "$3" && build "$dir" || return
	for run in "" "201 100 200" "101 20000" "102 20000" "103 20000" "104 60000" "105 60000" \
		"106 60000" "23 60000"; do
		status=0
		# shellcheck disable=SC2086 # a seed, steps, runs
		timeout 120 "$dir/mmu_model_test" $run >"$dir/log" 2>&1 ||
			status=$?
		grep -m 1 '^not ok' "$dir/log" | sed 's/^/# /'
		! grep -q '^not ok' "$dir/log" || [ "$status" -eq 0 ] || return 0
	done
	return 1
}

nr=0
ktap_start
ktap_test "nothing is found with small limits" small || true
while IFS='|' read -r name file edit; do
	[ -n "$name" ] || continue
	nr=$((nr + 1))
	ktap_test "$name" found "$nr" "$file" "$edit" || true
done <<<"$faults"
ktap_end
