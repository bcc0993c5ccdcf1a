/* SPDX-License-Identifier: MIT */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* A member of an array and how it is. member: one of Array.Members. */
#define BH_TYPE_MEMBER_ROW (bh_member_row_get_type())
G_DECLARE_FINAL_TYPE(BhMemberRow, bh_member_row, BH, MEMBER_ROW, GtkWidget)

GtkWidget *bh_member_row_new(GVariant *member);

G_END_DECLS
