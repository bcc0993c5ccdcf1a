/* SPDX-License-Identifier: MIT */

#include "block-use.h"

#include <string.h>

#include "macro.h"

/* Where the operating system has its filesystems; what is below them counts too, except for the places where people mount things. */
static const char *const system_directories[] = {"/",    "/boot", "/efi",  "/etc", "/usr", "/var",
                                                 "/opt", "/home", "/root", "/nix", "/gnu"};

const char *bh_use_to_string(BhUseKind kind) {
        static const char *const words[] = {"free", "data", "foreign", "mounted", "array", "system"};

        return words[kind];
}

/* The stack ------------------------------------------------------------------------------------------------------------------------------------ */

static bool is_upon(const BhBlock *upper, const BhBlock *lower) {
        if (g_str_equal(upper->partition_of, lower->object) || g_str_equal(upper->crypto_backing, lower->object))
                return true;
        return lower->member_of[0] != '\0' && g_str_equal(upper->array, lower->member_of);
}

static void add_upon(GPtrArray *stack, const BhInventory *inventory, const BhBlock *lower) {
        for (size_t i = 0; i < inventory->n_blocks; i++) {
                const BhBlock *block = &inventory->blocks[i];

                if (is_upon(block, lower) && !g_ptr_array_find(stack, block, NULL))
                        g_ptr_array_add(stack, (gpointer)block);
        }
}

GPtrArray *bh_block_stack(const BhInventory *inventory, const BhBlock *block) {
        GPtrArray *stack = g_ptr_array_new();

        g_ptr_array_add(stack, (gpointer)block);
        for (guint i = 0; i < stack->len; i++) /* grows meanwhile, by each block once */
                add_upon(stack, inventory, stack->pdata[i]);
        return stack;
}

/* Arrays -----------------------------------------------------------------------------------------------------------------------------------------*/

const char *bh_md_array_title(const BhMdArray *array) {
        const char *colon = strchr(array->name, ':'); /* "host:name"; no name has one */

        if (colon && colon[1] != '\0')
                return colon + 1;
        return array->name[0] != '\0' ? array->name : array->uuid;
}

bool bh_md_array_runs(const BhInventory *inventory, const BhMdArray *array) {
        const BhBlock *block = bh_inventory_block(inventory, array->block);

        return block && block->size > 0;
}

/* Use ------------------------------------------------------------------------------------------------------------------------------------------ */

static bool is_system_directory(const char *directory) {
        for (size_t i = 0; i < G_N_ELEMENTS(system_directories); i++) {
                size_t length = strlen(system_directories[i]);

                if (g_str_equal(directory, system_directories[i]))
                        return true;
                if (length > 1 && strncmp(directory, system_directories[i], length) == 0 && directory[length] == '/')
                        return true;
        }
        return false;
}

/* The directory that makes it part of the operating system; NULL when none does. */
static const char *system_directory(const BhBlock *block) {
        for (char **directory = block->mount_points; *directory; directory++)
                if (is_system_directory(*directory))
                        return *directory;
        for (char **directory = block->fstab_directories; *directory; directory++)
                if (is_system_directory(*directory))
                        return *directory;
        return NULL;
}

static bool find_system(GPtrArray *stack, BhBlockUse *use) {
        for (guint i = 0; i < stack->len; i++) {
                const BhBlock *block = stack->pdata[i];
                const char *directory = system_directory(block);

                if (directory)
                        use->reason =
                                g_strdup_printf("carries the operating system: “%s” is on %s", directory, block->name);
                else if (block->is_swap_active)
                        use->reason = g_strdup_printf("carries the operating system: it swaps to %s", block->name);
                else
                        continue;
                use->kind = BH_USE_SYSTEM;
                return true;
        }
        return false;
}

static bool find_array(const BhInventory *inventory, GPtrArray *stack, BhBlockUse *use) {
        for (guint i = 0; i < stack->len; i++) {
                const BhBlock *block = stack->pdata[i];
                const BhMdArray *array = bh_inventory_array(inventory, block->member_of);

                if (!array)
                        continue;
                use->kind = BH_USE_ARRAY;
                use->array = array;
                use->reason = bh_md_array_runs(inventory, array)
                                      ? g_strdup_printf("is a member of the array “%s”", bh_md_array_title(array))
                                      : g_strdup_printf("is a member of the array “%s”, which does not run",
                                                        bh_md_array_title(array));
                return true;
        }
        return false;
}

static bool find_mount(GPtrArray *stack, BhBlockUse *use) {
        for (guint i = 0; i < stack->len; i++) {
                const BhBlock *block = stack->pdata[i];

                if (block->mount_points[0])
                        use->reason = g_strdup_printf("is in use: %s is mounted on “%s”", block->name,
                                                      block->mount_points[0]);
                else if (block->fstab_directories[0])
                        use->reason = g_strdup_printf("is in use: /etc/fstab mounts %s on “%s”", block->name,
                                                      block->fstab_directories[0]);
                else
                        continue;
                use->kind = BH_USE_MOUNTED;
                return true;
        }
        return false;
}

/* What a block by itself belongs to that is not ours to take apart; NULL when it is nothing of the kind. */
static const char *foreign_owner(const BhBlock *block) {
        static const struct {
                const char *type, *owner;
        } types[] = {
                {"LVM2_member", "LVM"},
                {"LVM1_member", "LVM"},
                {"crypto_LUKS", "an encrypted volume (LUKS)"},
                {"BitLocker", "an encrypted volume (BitLocker)"},
                {"zfs_member", "ZFS"},
                {"btrfs", "btrfs, which may have more disks"},
                {"bcache", "bcache"},
                {"drbd", "DRBD"},
                {"ceph_bluestore", "Ceph"},
                {"linux_raid_member", "an array that is not known here"},
                {"mpath_member", "a multipath device"},
        };

        for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
                if (g_str_equal(block->id_type, types[i].type))
                        return types[i].owner;
        if (g_str_equal(block->id_usage, "raid") || g_str_has_suffix(block->id_type, "_raid_member"))
                return "a RAID of another kind";
        if (g_str_equal(block->id_usage, "crypto") || block->is_encrypted)
                return "an encrypted volume";
        if (g_str_equal(block->id_usage, "other") && !g_str_equal(block->id_type, "swap"))
                return "something that is not known here";
        if (block->hint_ignore && !block->is_partition)
                return "something else: the system says that it is to be left alone";
        return NULL;
}

static bool find_foreign(GPtrArray *stack, BhBlockUse *use) {
        for (guint i = 0; i < stack->len; i++) {
                const BhBlock *block = stack->pdata[i];
                const char *owner = foreign_owner(block);

                if (!owner)
                        continue;
                use->kind = BH_USE_FOREIGN;
                use->reason = i == 0 ? g_strdup_printf("belongs to %s", owner)
                                     : g_strdup_printf("belongs to %s (%s)", owner, block->name);
                return true;
        }
        return false;
}

static bool has_something(const BhBlock *block) {
        return block->has_partitions || block->has_filesystem || block->has_swap || block->id_usage[0] != '\0' ||
               block->id_type[0] != '\0';
}

void bh_block_use(const BhInventory *inventory, const BhBlock *block, BhBlockUse *ret) {
        g_autoptr(GPtrArray) stack = bh_block_stack(inventory, block);

        *ret = (BhBlockUse){};
        if (find_system(stack, ret) || find_array(inventory, stack, ret) || find_mount(stack, ret) ||
            find_foreign(stack, ret))
                return;
        if (stack->len > 1 || has_something(block)) {
                g_autofree char *contents = bh_block_contents(inventory, block);

                ret->kind = BH_USE_DATA;
                ret->reason = g_strdup_printf("is not empty: %s", contents);
                return;
        }
        ret->reason = g_strdup("");
}

void bh_block_use_clear(BhBlockUse *use) {
        g_free(use->reason);
        *use = (BhBlockUse){};
}

/* Contents -------------------------------------------------------------------------------------------------------------------------------------- */

/* What the block itself is formatted as, without what is stacked upon it. */
static char *format_own(const BhInventory *inventory, const BhBlock *block) {
        const BhMdArray *array = bh_inventory_array(inventory, block->member_of);
        const char *owner = foreign_owner(block);

        if (array)
                return g_strdup_printf("member of the array %s", bh_md_array_title(array));
        if (g_str_equal(block->id_type, "swap"))
                return g_strdup("swap");
        if (owner && !block->has_filesystem && !g_str_equal(block->id_type, "btrfs"))
                return g_strdup_printf("part of %s", owner);
        if (block->id_type[0] == '\0')
                return g_strdup("empty");
        if (block->id_label[0] == '\0')
                return g_strdup(block->id_type);
        return g_strdup_printf("%s “%s”", block->id_type, block->id_label);
}

static int compare_numbers(gconstpointer a, gconstpointer b) {
        const BhBlock *first = *(const BhBlock *const *)a, *second = *(const BhBlock *const *)b;

        return first->partition_number < second->partition_number ? -1
                                                                  : first->partition_number > second->partition_number;
}

char *bh_block_contents(const BhInventory *inventory, const BhBlock *block) {
        g_autoptr(GPtrArray) partitions = g_ptr_array_new();
        g_autoptr(GString) text = NULL;

        for (size_t i = 0; i < inventory->n_blocks; i++)
                if (g_str_equal(inventory->blocks[i].partition_of, block->object))
                        g_ptr_array_add(partitions, &inventory->blocks[i]);
        if (partitions->len == 0)
                return block->has_partitions ? g_strdup("an empty partition table") : format_own(inventory, block);
        g_ptr_array_sort(partitions, compare_numbers);
        text = g_string_new(NULL);
        g_string_printf(text, "%u partition%s: ", partitions->len, partitions->len == 1 ? "" : "s");
        for (guint i = 0; i < partitions->len; i++) {
                const BhBlock *partition = partitions->pdata[i];
                g_autofree char *own = format_own(inventory, partition), *size = g_format_size(partition->size);

                g_string_append_printf(text, "%s%s: %s (%s)", i > 0 ? "; " : "", partition->name, own, size);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}
