/* SPDX-License-Identifier: MIT */
#include "survey.h"

void bh_survey_begin(BhSurvey *survey, BhRoot *root, const BhPath *path) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&root->names);

        *survey = (BhSurvey){.root = root, .path = path};
        g_ptr_array_add(root->surveys, survey);
}

bool bh_survey_end(BhSurvey *survey) {
        g_ptr_array_remove_fast(survey->root->surveys, survey);
        return !survey->is_disturbed;
}

void bh_survey_disturb(BhRoot *root, const BhPath *path) {
        for (size_t i = 0; i < root->surveys->len; i++) {
                BhSurvey *survey = g_ptr_array_index(root->surveys, i);

                if (!path ||
                    (survey->path && (bh_path_is_within(path, survey->path) || bh_path_is_within(survey->path, path))))
                        survey->is_disturbed = true;
        }
}
