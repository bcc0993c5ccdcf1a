/* SPDX-License-Identifier: MIT */

#include "plan.h"

#include <errno.h>
#include <string.h>

#include "block-use.h"
#include "drive-advice.h"
#include "macro.h"
#include "plan-facts.h"
#include "plan-private.h"

const char *bh_plan_kind_to_string(BhPlanKind kind) {
        static const char *const words[] = {"array-create", "array-delete", "format",
                                            "pool-delete",  "array-add",    "array-repair"};

        return words[kind];
}

/* Ownership ----------------------------------------------------------------------------------------------------------------------------------- */

void bh_plan_disk_copy(BhPlanDisk *dest, const BhPlanDisk *src) {
        *dest = (BhPlanDisk){g_strdup(src->path),  g_strdup(src->drive),      g_strdup(src->name),
                             g_strdup(src->model), g_strdup(src->serial),     g_strdup(src->bay),
                             g_strdup(src->state), g_strdup(src->state_text), src->has_pool};
}

void bh_plan_disk_clear(BhPlanDisk *disk) {
        g_free(disk->path);
        g_free(disk->drive);
        g_free(disk->name);
        g_free(disk->model);
        g_free(disk->serial);
        g_free(disk->bay);
        g_free(disk->state);
        g_free(disk->state_text);
        *disk = (BhPlanDisk){};
}

void bh_plan_request_copy(BhPlanRequest *dest, const BhPlanRequest *src) {
        *dest = *src;
        dest->name = g_strdup(src->name);
        dest->array = g_strdup(src->array);
        dest->array_path = g_strdup(src->array_path);
        dest->array_name = g_strdup(src->array_name);
        dest->filesystem = g_strdup(src->filesystem);
        dest->label = g_strdup(src->label);
        dest->pool = g_strdup(src->pool);
        dest->pool_path = g_strdup(src->pool_path);
        dest->why = g_strdup(src->why);
        dest->disks = g_new0(BhPlanDisk, src->n_disks);
        for (size_t i = 0; i < src->n_disks; i++)
                bh_plan_disk_copy(&dest->disks[i], &src->disks[i]);
        bh_plan_disk_copy(&dest->failed.disk, &src->failed.disk);
        dest->failed.state = g_strdup(src->failed.state);
        dest->failed.block = g_strdup(src->failed.block);
}

void bh_plan_request_clear(BhPlanRequest *request) {
        g_free(request->name);
        g_free(request->array);
        g_free(request->array_path);
        g_free(request->array_name);
        g_free(request->filesystem);
        g_free(request->label);
        g_free(request->pool);
        g_free(request->pool_path);
        g_free(request->why);
        for (size_t i = 0; i < request->n_disks; i++)
                bh_plan_disk_clear(&request->disks[i]);
        g_free(request->disks);
        bh_plan_disk_clear(&request->failed.disk);
        g_free(request->failed.state);
        g_free(request->failed.block);
        *request = (BhPlanRequest){};
}

static void loss_free(gpointer data) {
        BhPlanLoss *loss = data;

        bh_plan_disk_clear(&loss->disk);
        g_free(loss->contents);
        g_free(loss);
}

void bh_plan_free(BhPlan *plan) {
        if (!plan)
                return;
        bh_plan_request_clear(&plan->request);
        g_free(plan->title);
        g_free(plan->text);
        g_free(plan->name);
        g_ptr_array_unref(plan->warnings);
        g_ptr_array_unref(plan->losses);
        if (plan->facts)
                g_ptr_array_unref(plan->facts);
        g_free(plan);
}

void bh_plan_freep(BhPlan **plan) {
        bh_plan_free(*plan);
}

/* Disks ---------------------------------------------------------------------------------------------------------------------------------------- */

char *bh_plan_disk_label(const BhPlanDisk *disk) {
        g_autoptr(GString) text = g_string_new(disk->name && disk->name[0] != '\0' ? disk->name : "a disk");
        const struct {
                const char *before, *value;
        } parts[] = {{"", disk->model}, {"serial ", disk->serial}, {"bay ", disk->bay}};
        bool is_first = true;

        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
                if (parts[i].value && parts[i].value[0] != '\0') {
                        g_string_append_printf(text, "%s%s%s", is_first ? " (" : ", ", parts[i].before, parts[i].value);
                        is_first = false;
                }
        if (!is_first)
                g_string_append_c(text, ')');
        return g_string_free(g_steal_pointer(&text), FALSE);
}

const BhBlock *bh_plan_disk_block(const BhInventory *inventory, const BhPlanDisk *disk) {
        return disk->drive[0] != '\0' ? bh_inventory_block_of_drive(inventory, disk->drive) : NULL;
}

bool bh_plan_is_member(const BhMdArray *array, const char *block) {
        for (size_t i = 0; i < array->n_members; i++)
                if (g_str_equal(array->members[i].block, block))
                        return true;
        return false;
}

/* How many block devices of whole disks the drive has: more than one are several ways to it. */
static unsigned count_whole_blocks(const BhInventory *inventory, const char *drive) {
        unsigned n = 0;

        for (size_t i = 0; i < inventory->n_blocks; i++)
                n += !inventory->blocks[i].is_partition && g_str_equal(inventory->blocks[i].drive, drive);
        return n;
}

/* What keeps the drive itself from being used, whatever is on it. */
static int check_drive(const BhInventory *inventory, const BhPlanDisk *disk, const char *label, BhFailure *failure) {
        const BhDrive *drive = bh_inventory_drive(inventory, disk->drive);
        const BhBlock *block = bh_plan_disk_block(inventory, disk);

        if (!drive || !block)
                return bh_plan_refuse(failure, "%s is absent", label);
        if (drive->is_optical || drive->is_removable || drive->is_media_missing)
                return bh_plan_refuse(failure, "%s is a drive with removable media", label);
        if (count_whole_blocks(inventory, disk->drive) > 1)
                return bh_plan_refuse(failure, "%s is connected in more than one way", label);
        if (block->size == 0)
                return bh_plan_refuse(failure, "%s has no size: it does not work, or has no medium", label);
        if (block->is_read_only)
                return bh_plan_refuse(failure, "%s is read-only", label);
        if (g_str_equal(disk->state, "failed") || drive->smart.is_failing)
                return bh_plan_refuse(failure, "%s has failed%s%s", label, disk->state_text[0] != '\0' ? ": " : "",
                                      disk->state_text);
        return 0;
}

int bh_plan_check_disk(const BhInventory *inventory, const BhPlanDisk *disk, const BhMdArray *own, BhFailure *failure) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};
        g_autofree char *label = bh_plan_disk_label(disk);
        const BhBlock *block = bh_plan_disk_block(inventory, disk);

        if (block && !(own && bh_plan_former_member(inventory, disk, own))) {
                bh_block_use(inventory, block, &use);
                if (use.kind != BH_USE_FREE && use.kind != BH_USE_DATA)
                        return bh_plan_refuse(failure, "%s %s", label, use.reason);
                if (disk->has_pool)
                        return bh_plan_refuse(failure, "%s carries a pool: delete or detach that first", label);
        }
        return check_drive(inventory, disk, label, failure);
}

void bh_plan_warn(BhPlan *plan, const char *format, ...) {
        va_list args;

        va_start(args, format);
        g_ptr_array_add(plan->warnings, g_strdup_vprintf(format, args));
        va_end(args);
}

void bh_plan_add_disk(BhPlan *plan, const BhInventory *inventory, const BhPlanDisk *disk, const BhMdArray *own) {
        __attribute__((cleanup(bh_block_use_clear))) BhBlockUse use = {};
        g_autofree char *label = bh_plan_disk_label(disk);
        const BhDrive *drive = bh_inventory_drive(inventory, disk->drive);
        const BhBlock *block = bh_plan_disk_block(inventory, disk);
        BhPlanLoss *loss = g_new0(BhPlanLoss, 1);

        bh_block_use(inventory, block, &use);
        bh_plan_disk_copy(&loss->disk, disk);
        loss->size = block->size;
        loss->contents = bh_block_contents(inventory, block);
        loss->destroys = use.kind != BH_USE_FREE && !(own && bh_plan_former_member(inventory, disk, own));
        g_ptr_array_add(plan->losses, loss);

        if (g_str_equal(drive->connection, "usb"))
                bh_plan_warn(plan,
                             "%s is connected by USB: such connections break now and then, and the disk counts as "
                             "failed then",
                             label);
        if (bh_drive_is_shingled(drive))
                bh_plan_warn(plan, "%s records shingled (SMR): a rebuild can take days on it, or fail", label);
        if (g_str_equal(disk->state, "failing") || g_str_equal(disk->state, "warning"))
                bh_plan_warn(plan, "%s may fail soon%s%s", label, disk->state_text[0] != '\0' ? ": " : "",
                             disk->state_text);
}

bool bh_plan_is_harmless(const BhPlan *plan) {
        for (guint i = 0; i < plan->losses->len; i++)
                if (((const BhPlanLoss *)plan->losses->pdata[i])->destroys)
                        return false;
        return true;
}

/* Plans ---------------------------------------------------------------------------------------------------------------------------------------- */

int bh_plan_get_array(const BhInventory *inventory, const BhPlanRequest *request, const BhMdArray **ret,
                      BhFailure *failure) {
        *ret = bh_inventory_array_by_uuid(inventory, request->array);
        return *ret ? 0 : bh_failure_set(failure, -ENOENT, NULL, "There is no such array: none of its disks is there");
}

static int make(BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        if (!inventory->is_available)
                return bh_failure_set(failure, -ENODEV, NULL, "%s", inventory->problem);
        switch (plan->request.kind) {
        case BH_PLAN_ARRAY_CREATE:
                return bh_plan_make_array(plan, inventory, failure);
        case BH_PLAN_ARRAY_DELETE:
                return bh_plan_make_delete(plan, inventory, failure);
        case BH_PLAN_FORMAT:
                return bh_plan_make_format(plan, inventory, failure);
        case BH_PLAN_POOL_DELETE:
                return bh_plan_make_pool_delete(plan, inventory, failure);
        case BH_PLAN_ARRAY_ADD:
                return bh_plan_make_add(plan, inventory, failure);
        case BH_PLAN_ARRAY_REPAIR:
                return bh_plan_make_repair(plan, inventory, failure);
        default:
                return -EOPNOTSUPP;
        }
}

int bh_plan_make(const BhInventory *inventory, const BhPlanRequest *request, BhPlan **ret, BhFailure *failure) {
        _cleanup_(bh_plan_freep) BhPlan *plan = g_new0(BhPlan, 1);
        const BhMdArray *array = request->array ? bh_inventory_array_by_uuid(inventory, request->array) : NULL;
        int r;

        plan->warnings = g_ptr_array_new_with_free_func(g_free);
        plan->losses = g_ptr_array_new_with_free_func(loss_free);
        bh_plan_request_copy(&plan->request, request);
        if (array && !plan->request.array_name)
                plan->request.array_name = g_strdup(bh_md_array_title(array));
        r = make(plan, inventory, failure);
        if (r < 0)
                return r;
        plan->facts = bh_plan_facts(inventory, &plan->request);
        *ret = g_steal_pointer(&plan);
        return 0;
}

int bh_plan_recheck(const BhPlan *plan, const BhInventory *inventory, BhFailure *failure) {
        _cleanup_(bh_plan_freep) BhPlan *again = NULL;
        g_autoptr(GPtrArray) facts = NULL;
        int r;

        if (!inventory->is_available)
                return bh_failure_set(failure, -ENODEV, NULL, "%s", inventory->problem);
        facts = bh_plan_facts(inventory, &plan->request);
        r = bh_plan_facts_compare(plan->facts, facts, failure);
        if (r < 0)
                return r;
        return bh_plan_make(inventory, &plan->request, &again, failure);
}

static void add_stack(GPtrArray *objects, const BhInventory *inventory, const BhBlock *block) {
        g_autoptr(GPtrArray) stack = block ? bh_block_stack(inventory, block) : NULL;

        for (guint i = 0; stack && i < stack->len; i++) {
                const BhBlock *upper = stack->pdata[i];

                if (!g_ptr_array_find(objects, upper->object, NULL))
                        g_ptr_array_add(objects, upper->object);
        }
}

const char **bh_plan_blocks(const BhPlan *plan, const BhInventory *inventory) {
        const BhMdArray *array =
                plan->request.array ? bh_inventory_array_by_uuid(inventory, plan->request.array) : NULL;
        GPtrArray *objects = g_ptr_array_new();

        for (size_t i = 0; i < plan->request.n_disks; i++)
                add_stack(objects, inventory, bh_plan_disk_block(inventory, &plan->request.disks[i]));
        if (array && bh_md_array_runs(inventory, array))
                add_stack(objects, inventory, bh_inventory_block(inventory, array->block));
        g_ptr_array_add(objects, NULL);
        return (const char **)g_ptr_array_free(objects, FALSE);
}
