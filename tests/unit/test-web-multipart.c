/* SPDX-License-Identifier: MIT */
#include "multipart.h"

#include "../fuzz/multipart-check.h"

#include <string.h>

#define TYPE "multipart/form-data; boundary=b"
#define PART(head, body) "--b\r\n" head "\r\n\r\n" body "\r\n"
#define FILE_A "Content-Disposition: form-data; name=\"files\"; filename=\"a\""
#define END "--b--\r\n"

static gboolean on_begin(gpointer user, const char *name, const char *filename) {
        g_string_append_printf(user, "[%s|%s]", name, filename ? filename : "-");
        return TRUE;
}

static gboolean on_data(gpointer user, const char *data, gsize length) {
        g_string_append_len(user, data, length);
        return TRUE;
}

static gboolean on_end(gpointer user) {
        g_string_append(user, ";");
        return TRUE;
}

static const BhMultipartEvents events = {on_begin, on_data, on_end};

static void assert_found(const char *body, const char *found, gboolean complete, gboolean fails) {
        g_autoptr(GString) log = g_string_new(NULL);
        g_autoptr(BhMultipart) parser = bh_multipart_new(TYPE, &events, log);
        g_autofree char *shown = g_strescape(body, NULL);

        g_test_message("%.70s", shown);
        bh_multipart_feed(parser, body, strlen(body));
        g_assert_cmpstr(log->str, ==, found);
        g_assert_cmpint(bh_multipart_is_complete(parser), ==, complete);
        g_assert_cmpint(bh_multipart_get_error(parser) != NULL, ==, fails);
}

static void test_sound_forms(void) {
        assert_found(PART(FILE_A, "content") END, "[files|a]content;", TRUE, FALSE);
        assert_found(PART(FILE_A, "") END, "[files|a];", TRUE, FALSE);
        assert_found(PART(FILE_A, "a\r\n--c\r\r\n\r\n--") END, "[files|a]a\r\n--c\r\r\n\r\n--;", TRUE, FALSE);
        assert_found("pre\r\n" PART("content-disposition:form-data;name=x", "v") "--b \t\r\n" FILE_A
                                                                                 "\r\n\r\nw\r\n--b--epilogue",
                     "[x|-]v;[files|a]w;", TRUE, FALSE);
        assert_found(END, "", TRUE, FALSE);
}

static void test_file_names(void) {
        static const struct {
                const char *head, *name;
        } cases[] = {
                {"filename=\"a b.txt\"", "a b.txt"},
                {"filename=a.txt", "a.txt"},
                {"filename=\"dir/sub/a\"", "dir/sub/a"},
                {"filename=\"%22a%22%0d%0A\"", "\"a\"\r\n"},
                {"filename=\"100%25 %41\"", "100%25 %41"},
                {"filename=\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d"},
                {"filename=\"ä\"", "ä"},
                {"filename*=UTF-8''%C3%A4%20b", "ä b"},
                {"filename=\"x\"; filename*=utf-8'en'y", "y"},
                {"filename=\"\"", ""},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *body = g_strdup_printf(
                        "--b\r\nContent-Disposition: form-data; name=\"f\"; %s\r\n\r\n\r\n" END, cases[i].head);
                g_autofree char *found = g_strdup_printf("[f|%s];", cases[i].name);

                assert_found(body, found, TRUE, FALSE);
        }
}

static void test_malformed_forms(void) {
        assert_found("--bx\r\n", "", FALSE, TRUE);
        assert_found("--b-\r\n", "", FALSE, TRUE);
        assert_found("--b\n", "", FALSE, TRUE);
        assert_found(PART("X: y", "v"), "", FALSE, TRUE);
        assert_found(PART(FILE_A "\r\n" FILE_A, "v"), "", FALSE, TRUE);
        assert_found(PART("Content-Disposition: attachment; name=a", "v"), "", FALSE, TRUE);
        assert_found(PART("Content-Disposition: form-data; name=\"a", "v"), "", FALSE, TRUE);
        assert_found(PART("Content-Disposition: form-data; name=a; name=b", "v"), "", FALSE, TRUE);
        assert_found(PART("Content-Disposition: form-data; filename=a", "v"), "", FALSE, TRUE);
        assert_found(PART("Content-Disposition: form-data; name=a; filename=\"\xff\"", "v"), "", FALSE, TRUE);
        assert_found(PART("Content-Disposition: form-data; name=a; filename*=latin1''x", "v"), "", FALSE, TRUE);
        assert_found(PART("Content-Disposition: form-data; name=a; filename*=UTF-8''%zz", "v"), "", FALSE, TRUE);
        assert_found(PART("Content-Disposition: form-data; name=a\nb", "v"), "", FALSE, TRUE);
        assert_found(PART(FILE_A, "v") "--bx", "[files|a]v", FALSE, TRUE);
}

static void test_cut_off_forms_are_not_complete(void) {
        static const char form[] = PART(FILE_A, "v") "--b--";

        for (gsize length = 0; length < strlen(form); length++) {
                g_autofree char *cut = g_strndup(form, length);
                g_autoptr(GString) log = g_string_new(NULL);
                g_autoptr(BhMultipart) parser = bh_multipart_new(TYPE, &events, log);

                bh_multipart_feed(parser, cut, length);
                g_assert_null(bh_multipart_get_error(parser));
                g_assert_false(bh_multipart_is_complete(parser));
                g_assert_null(strchr(log->str, ';'));
        }
}

static void test_content_type(void) {
        static const struct {
                const char *type;
                gboolean good;
        } cases[] = {
                {"multipart/form-data; boundary=x", TRUE},
                {"Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"", TRUE},
                {"multipart/form-data", FALSE},
                {"multipart/form-data; boundary=", FALSE},
                {"multipart/form-data; boundary=\"\"", FALSE},
                {"multipart/form-data; boundary=\"a \"", FALSE},
                {"multipart/form-data; boundary=a; boundary=b", FALSE},
                {"multipart/form-data; boundary=\"a\r\n\"", FALSE},
                {"multipart/mixed; boundary=x", FALSE},
                {"multipart/form-datax; boundary=x", FALSE},
                {"", FALSE},
                {NULL, FALSE},
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GString) log = g_string_new(NULL);
                BhMultipart *parser = bh_multipart_new(cases[i].type, &events, log);

                g_test_message("%s", cases[i].type);
                g_assert_cmpint(parser != NULL, ==, cases[i].good);
                g_clear_pointer(&parser, bh_multipart_free);
        }
}

/* What the fuzzer starts from, and what it has found. */
static void test_corpus(void) {
        g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "..", "fuzz", "corpus-multipart", NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
        guint count = 0;
        const char *name;

        g_assert_no_error(error);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(folder, name, NULL), *content = NULL;
                gsize length;

                g_test_message("%s", name);
                g_file_get_contents(path, &content, &length, &error);
                g_assert_no_error(error);
                bh_multipart_check((const guint8 *)content, length);
                count++;
        }
        g_assert_cmpuint(count, >=, 30);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/web/multipart/sound_forms", test_sound_forms);
        g_test_add_func("/web/multipart/file_names", test_file_names);
        g_test_add_func("/web/multipart/malformed_forms", test_malformed_forms);
        g_test_add_func("/web/multipart/cut_off_forms_are_not_complete", test_cut_off_forms_are_not_complete);
        g_test_add_func("/web/multipart/content_type", test_content_type);
        g_test_add_func("/web/multipart/corpus", test_corpus);
        return g_test_run();
}
