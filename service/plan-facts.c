/* SPDX-License-Identifier: MIT */

#include "plan-facts.h"

#include <errno.h>
#include <string.h>

#include "block-use.h"
#include "macro.h"

static void fact_free(gpointer data) {
        BhPlanFact *fact = data;

        g_free(fact->subject);
        g_free(fact->what);
        g_free(fact->value);
        g_free(fact);
}

/* Takes over value. */
static void add(GPtrArray *facts, const char *subject, const char *what, char *value) {
        BhPlanFact *fact = g_new(BhPlanFact, 1);

        *fact = (BhPlanFact){g_strdup(subject), g_strdup(what), value};
        g_ptr_array_add(facts, fact);
}

static int compare_objects(gconstpointer a, gconstpointer b) {
        const BhBlock *first = *(const BhBlock *const *)a, *second = *(const BhBlock *const *)b;

        return strcmp(first->object, second->object);
}

static void append_contents(GString *text, const BhBlock *block) {
        g_string_append_printf(text, "%s%s (%" G_GUINT64_FORMAT " bytes): ", text->len > 0 ? "; " : "", block->name,
                               block->size);
        if (block->is_partition)
                g_string_append_printf(text, "partition %u, ", block->partition_number);
        if (block->has_partitions)
                g_string_append(text, "a partition table, ");
        if (block->id_type[0] == '\0' && block->id_usage[0] == '\0')
                g_string_append(text, "nothing");
        else
                g_string_append_printf(text, "%s “%s” %s", block->id_type, block->id_label, block->id_uuid);
}

static void append_directories(GString *text, const BhBlock *block, char *const *directories, const char *how) {
        for (; *directories; directories++)
                g_string_append_printf(text, "%s%s %s “%s”", text->len > 0 ? "; " : "", block->name, how, *directories);
}

/* All of the block devices that stand on block, and it itself. */
static void add_block_facts(GPtrArray *facts, const BhInventory *inventory, const char *subject, const BhBlock *block) {
        g_autoptr(GPtrArray) stack = bh_block_stack(inventory, block);
        GString *contents = g_string_new(NULL), *use = g_string_new(NULL);

        g_ptr_array_sort(stack, compare_objects);
        for (guint i = 0; i < stack->len; i++) {
                const BhBlock *upper = stack->pdata[i];
                const BhMdArray *array = bh_inventory_array(inventory, upper->member_of);

                append_contents(contents, upper);
                append_directories(use, upper, upper->mount_points, "is mounted on");
                append_directories(use, upper, upper->fstab_directories, "is in /etc/fstab for");
                if (upper->is_swap_active)
                        g_string_append_printf(use, "%s%s is swapped to", use->len > 0 ? "; " : "", upper->name);
                if (array)
                        g_string_append_printf(use, "%s%s is in the array %s", use->len > 0 ? "; " : "", upper->name,
                                               array->uuid);
        }
        if (use->len == 0)
                g_string_append(use, "nothing");
        add(facts, subject, "its device", g_strdup(block->object));
        add(facts, subject, "whether it can be written to", g_strdup(block->is_read_only ? "no" : "yes"));
        add(facts, subject, "what is on it", g_string_free(contents, FALSE));
        add(facts, subject, "what uses it", g_string_free(use, FALSE));
}

static void add_disk_facts(GPtrArray *facts, const BhInventory *inventory, const BhPlanDisk *disk) {
        g_autofree char *subject = bh_plan_disk_label(disk);
        const BhDrive *drive = bh_inventory_drive(inventory, disk->drive);
        const BhBlock *block = bh_plan_disk_block(inventory, disk);

        add(facts, subject, "whether it is there", g_strdup(drive && block ? "yes" : "no"));
        if (!drive || !block)
                return;
        add(facts, subject, "which disk it is",
            g_strdup_printf("%s %s, serial %s, WWN %s", drive->vendor, drive->model, drive->serial, drive->wwn));
        add(facts, subject, "its size", g_strdup_printf("%" G_GUINT64_FORMAT " bytes", block->size));
        add(facts, subject, "whether it reports that it fails", g_strdup(drive->smart.is_failing ? "yes" : "no"));
        add_block_facts(facts, inventory, subject, block);
}

/* Who is a member, and whether it works; not how far a sync is. */
static char *describe_members(const BhInventory *inventory, const BhMdArray *array) {
        GString *text = g_string_new(NULL);

        for (size_t i = 0; i < array->n_members; i++) {
                const BhMemberState *member = &array->members[i];
                const BhBlock *block = bh_inventory_block(inventory, member->block);

                g_string_append_printf(text, "%s%s in slot %d%s", text->len > 0 ? ", " : "",
                                       block ? block->name : "an unknown device", member->slot,
                                       strstr(member->state, "faulty") ? ", failed" : "");
        }
        for (size_t i = 0; i < inventory->n_blocks; i++)
                if (array->n_members == 0 && g_str_equal(inventory->blocks[i].member_of, array->object))
                        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", inventory->blocks[i].name);
        if (text->len == 0)
                g_string_append(text, "nobody");
        return g_string_free(text, FALSE);
}

static void add_array_facts(GPtrArray *facts, const BhInventory *inventory, const BhPlanRequest *request) {
        const BhMdArray *array = bh_inventory_array_by_uuid(inventory, request->array);
        g_autofree char *subject = g_strdup_printf("the array %s", request->array_name ?: request->array);
        const BhBlock *block;

        add(facts, subject, "whether it is there", g_strdup(array ? "yes" : "no"));
        if (!array)
                return;
        block = bh_inventory_block(inventory, array->block);
        add(facts, subject, "its level", g_strdup_printf("%s of %u", array->level, array->devices));
        add(facts, subject, "its size", g_strdup_printf("%" G_GUINT64_FORMAT " bytes", array->size));
        add(facts, subject, "whether it runs", g_strdup(block ? "yes" : "no"));
        add(facts, subject, "the list of its members", describe_members(inventory, array));
        if (block)
                add_block_facts(facts, inventory, subject, block);
}

GPtrArray *bh_plan_facts(const BhInventory *inventory, const BhPlanRequest *request) {
        GPtrArray *facts = g_ptr_array_new_with_free_func(fact_free);

        for (size_t i = 0; i < request->n_disks; i++)
                add_disk_facts(facts, inventory, &request->disks[i]);
        if (request->array)
                add_array_facts(facts, inventory, request);
        return facts;
}

int bh_plan_facts_compare(const GPtrArray *before, const GPtrArray *now, BhFailure *failure) {
        for (guint i = 0; i < MAX(before->len, now->len); i++) {
                const BhPlanFact *old = i < before->len ? before->pdata[i] : NULL,
                                 *new = i < now->len ? now->pdata[i] : NULL;

                if (old && new &&g_str_equal(old->subject, new->subject) && g_str_equal(old->what, new->what)) {
                        if (g_str_equal(old->value, new->value))
                                continue;
                        if (g_str_equal(old->what, "whether it is there"))
                                return bh_failure_set(failure, -ESTALE, NULL, "%s %s since the plan was made",
                                                      old->subject,
                                                      g_str_equal(new->value, "no") ? "has gone" : "has appeared");
                        return bh_failure_set(failure, -ESTALE, NULL,
                                              "%s has changed since the plan was made: %s was “%s” and is “%s”",
                                              old->subject, old->what, old->value, new->value);
                }
                return bh_failure_set(failure, -ESTALE, NULL, "%s is not as it was when the plan was made",
                                      old ? old->subject : new->subject);
        }
        return 0;
}
