/* SPDX-License-Identifier: MIT */
/* Values that are almost JSON and values that are JSON but seldom seen, for the tests of all that
 * reads JSON. */
#ifndef QUANT_TESTS_RECORDS_JSON_FORMS_H
#define QUANT_TESTS_RECORDS_JSON_FORMS_H

#include "../support/unit.h"

struct json_form {
    const char *bytes; /* in the place of a value; there may be NULs */
    size_t nbytes;
    size_t at; /* the byte that is wrong, before `}` */
};

#define FORM(bytes, at)                                                                            \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, at                                                               \
    }

static const struct json_form malformed[] = {
    /* numbers */
    FORM("0127", 0),
    FORM("-01", 1),
    FORM("00", 0),
    FORM("1.", 2),
    FORM("1.e5", 2),
    FORM(".5", 0),
    FORM("+1", 0),
    FORM("-", 1),
    FORM("-a", 1),
    FORM("- 1", 1),
    FORM("1e", 2),
    FORM("1e+", 3),
    FORM("1e+-2", 3),
    FORM("1.5.5", 3),
    FORM("0x10", 1),
    FORM("1_000", 1),
    FORM("1f", 1),
    FORM("\xd9\xa1", 0), /* a digit of another script */
    FORM("NaN", 0),
    FORM("Infinity", 0),
    FORM("-Infinity", 1),
    /* words */
    FORM("True", 0),
    FORM("nul", 0),
    FORM("nulll", 4),
    FORM("undefined", 0),
    FORM("", 0),
    /* strings */
    FORM("'a'", 0),
    FORM("\"a\x01\"", 2),
    FORM("\"a\nb\"", 2),
    FORM("\"a\tb\"", 2),
    FORM("\"a\0b\"", 2),
    FORM("\"\x1f\"", 1),
    FORM("\"\\a\"", 1),
    FORM("\"\\'\"", 1),
    FORM("\"\\\0\"", 1),
    FORM("\"\\U0001f600\"", 1),
    FORM("\"\\u00zz\"", 1),
    FORM("\"\\u12\"", 1),
    FORM("\"\\u 041\"", 1),
    FORM("\"\\u0000\"", 1),
    FORM("\"\\ud83d\"", 1),
    FORM("\"\\ude00\"", 1),
    FORM("\"\\ud83d\\u0041\"", 1),
    FORM("\"\\ud83d\\ud83d\"", 1),
    FORM("\"\\ude00\\ud83d\"", 1),
    /* UTF-8 */
    FORM("\"\xff\"", 1),
    FORM("\"\x80\"", 1),
    FORM("\"\xc3\"", 1),
    FORM("\"\xc0\x80\"", 1),
    FORM("\"\xc1\xbf\"", 1),
    FORM("\"\xe0\x9f\xbf\"", 1),
    FORM("\"\xe2\x82\"", 1),
    FORM("\"\xed\xa0\xbd\"", 1),
    FORM("\"\xf0\x8f\xbf\xbf\"", 1),
    FORM("\"\xf4\x90\x80\x80\"", 1),
    FORM("\"\xf5\x80\x80\x80\"", 1),
    /* blanks */
    FORM("\v1", 0),
    FORM("\f1", 0),
    FORM("1\v", 1),
    FORM("\0"
         "1",
         0),
    FORM("\x01"
         "1",
         0),
    FORM("1\x7f", 1),
    FORM("\xc2\xa0"
         "1",
         0),
    FORM("\xef\xbb\xbf"
         "1",
         0),
    FORM("/* c */ 1", 0),
    FORM("1 // c", 2),
    FORM("1 # c", 2),
    /* arrays and objects */
    FORM("[1,]", 3),
    FORM("[,1]", 1),
    FORM("[1,,2]", 3),
    FORM("[1 2]", 3),
    FORM("{\"a\": 1,}", 8),
    FORM("{,}", 1),
    FORM("{a: 1}", 1),
    FORM("{1: 2}", 1),
    FORM("{\"a\" 1}", 5),
    FORM("{\"a\"}", 4),
    FORM("{\"a\":}", 5),
    FORM("{\"a\": 1 \"b\": 2}", 8),
    FORM("{\"\\ud83d\": 1}", 2),
    FORM("{\"\xff\": 1}", 2),
    FORM("(1)", 0),
    FORM("1 1", 2),
};

/* The last two are one level less than is taken, and a number that is longer than most. */
static const char *const seldom[] = {
    "0",
    "-0",
    "-0.0e-0",
    "1E+2",
    "1e-02",
    "1e999",
    "-1.5E-400",
    "true",
    "null",
    "\"\"",
    "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\\uDBFF\\uDFFF\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
    "\"}],: \"",
    "\t\r\n [ \t\r\n] \t\r\n",
    "{ }",
    "[[], {}, [[]], {\"\": {}}]",
    "{\"a\" : [1 , 2 ] , \"b\":\"c\" }",
    "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
};

#endif
