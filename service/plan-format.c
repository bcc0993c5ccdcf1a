/* SPDX-License-Identifier: MIT */

/* Plans that make a pool of a disk or array, and that take a pool away. */

#include <errno.h>
#include <string.h>

#include "macro.h"
#include "plan-private.h"
#include "pool.h"

/* Labels ----------------------------------------------------------------------------------------------------------------------------------------- */

/* Bytes that the label of a filesystem may have. */
static size_t label_max(const char *filesystem) {
        if (g_str_equal(filesystem, "xfs"))
                return 12;
        return g_str_equal(filesystem, "ext4") ? 16 : 255;
}

/* The name, cut to what fits between two characters. */
static char *make_label(const char *name, const char *filesystem) {
        size_t n = 0, max = label_max(filesystem);

        for (const char *c = name; *c && (size_t)(g_utf8_next_char(c) - name) <= max; c = g_utf8_next_char(c))
                n = (size_t)(g_utf8_next_char(c) - name);
        return g_strndup(name, n);
}

static int check_label(const char *label, const char *filesystem, BhFailure *failure) {
        if (strlen(label) > label_max(filesystem))
                return bh_failure_set(failure, -EINVAL, NULL,
                                      "The option “label” is longer than the %zu bytes that %s has",
                                      label_max(filesystem), filesystem);
        for (const char *c = label; *c; c = g_utf8_next_char(c))
                if (!g_unichar_isprint(g_utf8_get_char(c)))
                        return bh_failure_set(failure, -EINVAL, NULL,
                                              "The option “label” has a character in it that cannot be shown");
        return 0;
}

/* Formatting ------------------------------------------------------------------------------------------------------------------------------------- */

static int check_filesystem(const BhInventory *inventory, const char *filesystem, BhFailure *failure) {
        if (!bh_pool_takes_filesystem(filesystem))
                return bh_failure_set(failure, -EINVAL, NULL,
                                      "The argument “filesystem” is “ext4”, “xfs” or “btrfs”, not “%s”", filesystem);
        if (!g_strv_contains((const char *const *)inventory->filesystems, filesystem))
                return bh_failure_set(failure, -EOPNOTSUPP, NULL,
                                      "%s cannot be made here: its programs are not installed", filesystem);
        return 0;
}

static void add_loss(BhPlan *plan, const char *path, const char *name, uint64_t size, char *contents, bool destroys) {
        BhPlanLoss *loss = g_new0(BhPlanLoss, 1);

        loss->disk = (BhPlanDisk){.path = g_strdup(path),
                                  .drive = g_strdup(""),
                                  .name = g_strdup(name),
                                  .model = g_strdup(""),
                                  .serial = g_strdup(""),
                                  .bay = g_strdup(""),
                                  .state = g_strdup("unknown"),
                                  .state_text = g_strdup("")};
        loss->size = size;
        loss->contents = contents;
        loss->destroys = destroys;
        g_ptr_array_add(plan->losses, loss);
}

static int look_at_array(BhPlan *plan, const BhInventory *inventory, const BhBlock **ret, BhFailure *failure) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};
        const BhPlanRequest *request = &plan->request;
        const BhMdArray *array;
        const BhBlock *block;
        int r;

        r = bh_plan_get_array(inventory, request, &array, failure);
        if (r < 0)
                return r;
        if (!bh_md_array_runs(inventory, array))
                return bh_plan_refuse(failure, "The array “%s” does not run", request->array_name);
        block = bh_inventory_block(inventory, array->block);
        bh_block_use(inventory, block, &use);
        if (use.kind != BH_USE_FREE && use.kind != BH_USE_DATA)
                return bh_plan_refuse(failure, "The array “%s” %s", request->array_name, use.reason);
        if (block->is_read_only)
                return bh_plan_refuse(failure, "The array “%s” is read-only", request->array_name);
        if (array->degraded > 0)
                bh_plan_warn(plan, "The array “%s” is degraded", request->array_name);
        add_loss(plan, request->array_path, request->array_name, block->size, bh_block_contents(inventory, block),
                 use.kind != BH_USE_FREE);
        plan->survives = bh_plan_array_is_redundant(array) ? bh_plan_survives(array, array->degraded) : 0;
        *ret = block;
        return 0;
}

static int look_at_disk(BhPlan *plan, const BhInventory *inventory, const BhBlock **ret, BhFailure *failure) {
        const BhPlanDisk *disk = &plan->request.disks[0];
        int r;

        r = bh_plan_check_disk(inventory, disk, NULL, failure);
        if (r < 0)
                return r;
        bh_plan_add_disk(plan, inventory, disk, NULL);
        bh_plan_warn(plan,
                     "A single disk takes everything along when it fails: keep copies elsewhere, or make an array");
        *ret = bh_plan_disk_block(inventory, disk);
        return 0;
}

int bh_plan_make_format(BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        BhPlanRequest *request = &plan->request;
        g_autofree char *what = NULL;
        const BhPlanLoss *loss;
        const BhBlock *block = NULL;
        int r;

        r = bh_pool_check_name(request->name, failure);
        if (r >= 0)
                r = check_filesystem(inventory, request->filesystem, failure);
        if (r < 0)
                return r;
        if (!request->label)
                request->label = make_label(request->name, request->filesystem);
        r = check_label(request->label, request->filesystem, failure);
        if (r >= 0)
                r = request->array ? look_at_array(plan, inventory, &block, failure)
                                   : look_at_disk(plan, inventory, &block, failure);
        if (r < 0)
                return r;
        what = request->array ? g_strdup_printf("The array “%s”", request->array_name)
                              : bh_plan_disk_label(&request->disks[0]);
        loss = plan->losses->pdata[0];
        plan->usable_bytes = block->size;
        plan->name = g_strdup(request->name);
        plan->title = g_strdup_printf("Make the pool “%s” of %s", request->name,
                                      request->array ? request->array_name : request->disks[0].name);
        plan->text =
                loss->destroys
                        ? g_strdup_printf("%s is formatted with %s and becomes the pool “%s”. What is on it now is "
                                          "lost: %s.",
                                          what, request->filesystem, request->name, loss->contents)
                        : g_strdup_printf("%s, which is empty, is formatted with %s and becomes the pool “%s”.", what,
                                          request->filesystem, request->name);
        return 0;
}

/* Deleting a pool -------------------------------------------------------------------------------------------------------------------------------- */

int bh_plan_make_pool_delete(BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        const BhPlanRequest *request = &plan->request;
        const BhBlock *block = bh_pool_find_block(inventory, request->pool, NULL);

        if (!block)
                return bh_plan_refuse(failure, "The pool “%s” is absent, so that nothing on it can be wiped",
                                      request->name);
        if (block->is_read_only)
                return bh_plan_refuse(failure, "The pool “%s” is read-only", request->name);
        add_loss(plan, request->pool_path, request->name, block->size, bh_block_contents(inventory, block), true);
        plan->name = g_strdup(request->name);
        plan->title = g_strdup_printf("Delete the pool “%s”", request->name);
        plan->text = g_strdup_printf("The pool “%s” is unmounted and its filesystem wiped. All files in it, and in its "
                                     "trash, are lost.",
                                     request->name);
        return 0;
}
