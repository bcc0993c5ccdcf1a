/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "files-private.h"
#include "macro.h"

/* ExplainAccess: the rules of access.c, with the one that decides by name. */

void bh_access_clear(BhAccess *access) {
        g_free(access->explanation);
        *access = (BhAccess){};
}

/* Whose access is asked about: the caller's, or another account's. */
static int find_subject(BhFiles *files, const BhCaller *caller, uint64_t user_id, BhCaller *ret, bool *ret_is_active) {
        BhCaller subject = {};

        if (user_id == 0 || (user_id == caller->user_id && caller->user_id != 0)) {
                bh_caller_copy(ret, caller);
                *ret_is_active = true;
                return 0;
        }
        if (!bh_caller_is_admin(caller))
                return -EPERM;
        BhAccount *account = bh_accounts_get(files->accounts, user_id);
        if (!account)
                return -ENOENT;
        subject.user_id = account->id;
        subject.role = account->role;
        g_strlcpy(subject.owner, account->owner, sizeof(subject.owner));
        subject.username = g_strdup(account->username);
        *ret_is_active = account->is_active;
        *ret = subject;
        bh_account_free(account);
        return 0;
}

static const char *owner_rule(const BhCaller *subject, const BhNode *node) {
        if (node->is_root)
                return "root-folder";
        if (!node->owner[0])
                return "no-owner";
        if (strcmp(node->owner, subject->owner) != 0)
                return "other-owner";
        return node->is_marked ? "owner" : "inherited-owner";
}

/* Walks as anybody who may view everything, so that it can tell what hides the rest. */
static int decide(const BhRoot *root, const BhCaller *subject, const BhPath *path, BhAccess *access) {
        _cleanup_(bh_node_clear) BhNode node = BH_NODE_INIT;
        int r;

        for (size_t depth = path->base; depth < path->depth; depth++) {
                _cleanup_(bh_node_clear) BhNode folder = BH_NODE_INIT;

                r = bh_node_open(root->storage.root_fd, &bh_files_nobody, path, depth, &folder);
                if (r < 0)
                        break;
                if (!bh_access_may_view(subject, folder.owner)) {
                        access->rule = "hidden-by-folder";
                        return 0;
                }
        }
        r = bh_node_open(root->storage.root_fd, &bh_files_nobody, path, path->depth, &node);
        if (r == -ENOENT) {
                access->rule = "not-found";
                return 0;
        }
        if (r < 0)
                return r;
        access->may_view = bh_access_may_view(subject, node.owner);
        access->may_change = !node.is_root && bh_access_may_change(subject, node.owner);
        access->may_add = bh_node_is_directory(&node) && bh_access_may_add(subject, node.owner, node.is_root);
        access->rule = bh_caller_is_admin(subject) ? "administrator" : owner_rule(subject, &node);
        return 0;
}

static char *explain(const BhCaller *subject, const BhPath *path, const BhAccess *access) {
        static const struct {
                const char *rule, *sentence;
        } sentences[] = {
                {"administrator", "%s is an administrator and may do everything"},
                {"owner", "%s owns it"},
                {"inherited-owner", "%s owns a folder that it is in, and it has no owner of its own"},
                {"no-owner", "It belongs to nobody: %s may view it, and administrators may change it"},
                {"root-folder", "It is the top of the storage or of a pool: %s may view it and add to it"},
                {"other-owner", "It belongs to somebody else than %s"},
                {"hidden-by-folder", "It is in a folder that belongs to somebody else than %s"},
                {"user-disabled", "The account %s is disabled"},
                {"not-found", "There is nothing of that path, whoever asks, %s or another"},
        };
        const char *name = subject->username ? subject->username : "";

        for (size_t i = 0; i < G_N_ELEMENTS(sentences); i++)
                if (strcmp(sentences[i].rule, access->rule) == 0) {
                        g_auto(GStrv) parts = g_strsplit(sentences[i].sentence, "%s", 2);
                        return g_strjoinv(name, parts);
                }
        g_assert_not_reached();
}

int bh_files_explain_access(BhFiles *files, const BhCaller *caller, uint64_t user_id, const char *text, BhAccess *ret) {
        _cleanup_(bh_place_clear) BhPlace place = {};
        _cleanup_(bh_caller_clear) BhCaller subject = {};
        bool is_active = false;
        BhAccess access = {};
        int r;

        r = bh_place_find(files, text, &place);
        if (r >= 0)
                r = find_subject(files, caller, user_id, &subject, &is_active);
        if (r >= 0 && !is_active)
                access.rule = "user-disabled";
        else if (r >= 0)
                r = decide(place.root, &subject, &place.path, &access);
        if (r < 0)
                return bh_files_refuse(files, caller, BH_AUDIT_FILE_ACCESS, "explain-access", text, r);
        access.explanation = explain(&subject, &place.path, &access);
        *ret = access;
        return 0;
}
