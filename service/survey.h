/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "root.h"

/* A look at a whole tree before it is moved or deleted, made without the lock over names, so that nobody waits for it.
 * Whoever gives, takes or changes a name or an owner in that tree, or above it, disturbs the survey; then it has to be
 * made again under the lock. */

typedef struct BhSurvey {
        BhRoot *root;
        const BhPath *path; /* of the tree; NULL: an item of the trash, in which only owners change */
        bool is_disturbed;  /* under names */
} BhSurvey;

/* Begins it; names must not be held. path must outlive it. Every survey ends. */
void bh_survey_begin(BhSurvey *survey, BhRoot *root, const BhPath *path);

/* Ends it, with names held. Returns whether what was found is still so, if it is the same file or directory still. */
bool bh_survey_end(BhSurvey *survey);

/* With names held, by who changes something at the path, or (NULL) everywhere. */
void bh_survey_disturb(BhRoot *root, const BhPath *path);
