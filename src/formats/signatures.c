/* SPDX-License-Identifier: MIT */
/* The two tables: magic bytes, and file extensions. */
#include "formats/signatures.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "formats/signature_checks.h"

#define SAVE_NPY "load it where it comes from and save its arrays as .npy or .safetensors"
#define EXPORT "export its tensors as .npy or .safetensors files"
#define DECOMPRESS "decompress it first"
#define CONVERT "load it and save its values as .npy"

/* A row matches if the bytes are at the offset, or if check returns true. */
struct row {
    const char *bytes;
    size_t length;
    size_t offset;
    bool (*check)(const unsigned char *head, size_t nbytes);
    struct quant_signature signature;
};

#define BYTES(bytes, offset) (bytes), sizeof(bytes) - 1, offset, NULL
#define CHECK(check) NULL, 0, 0, check

static const struct row rows[] = {
    {BYTES("version https://git-lfs.github.com/spec/", 0),
     {"a Git LFS pointer, not the file it stands for", "fetch the file with 'git lfs pull'"}},
    {BYTES("PK\3\4", 0), {"a ZIP archive, as .npz and PyTorch files are", EXPORT}},
    {BYTES("PK\5\6", 0), {"an empty ZIP archive", EXPORT}},
    {BYTES("PK\7\10PK\3\4", 0), {"a ZIP archive in parts", EXPORT}},
    {BYTES("lmgg", 0), {"a GGML file", EXPORT}},
    {BYTES("fmgg", 0), {"a GGML file", EXPORT}},
    {BYTES("tjgg", 0), {"a GGML file", EXPORT}},
    {BYTES("algg", 0), {"a GGML file", EXPORT}},
    {CHECK(quant_looks_like_hdf5), {"an HDF5 file, as Keras writes", EXPORT}},
    {CHECK(quant_looks_like_pickle), {"a Python pickle, as old PyTorch files are", SAVE_NPY}},
    {CHECK(quant_looks_like_onnx), {"an ONNX model", EXPORT}},
    {BYTES("TFL3", 4), {"a TensorFlow Lite model", EXPORT}},
    {BYTES("MATLAB 5.0 MAT-file", 0), {"a MATLAB file", EXPORT}},
    {CHECK(quant_looks_like_gzip), {"compressed with gzip", DECOMPRESS}},
    {BYTES("\x28\xb5\x2f\xfd", 0), {"compressed with zstd", DECOMPRESS}},
    {BYTES("\xfd"
           "7zXZ\0",
           0),
     {"compressed with xz", DECOMPRESS}},
    {BYTES("\x5d\0\0\x80\0", 0), {"compressed with lzma", DECOMPRESS}},
    {CHECK(quant_looks_like_bzip2), {"compressed with bzip2", DECOMPRESS}},
    {CHECK(quant_looks_like_lz4), {"compressed with lz4", DECOMPRESS}},
    {BYTES("7z\xbc\xaf\x27\x1c", 0), {"a 7z archive", "extract it first"}},
    {BYTES("Rar!\x1a\x07", 0), {"a RAR archive", "extract it first"}},
    {BYTES("ustar", 257), {"a tar archive", "extract it first"}},
    {BYTES("\x89PNG\r\n\x1a\n", 0), {"a PNG image", CONVERT}},
    {BYTES("\xff\xd8\xff\xe0", 0), {"a JPEG image", CONVERT}},
    {BYTES("\xff\xd8\xff\xe1", 0), {"a JPEG image", CONVERT}},
    {BYTES("\xff\xd8\xff\xdb", 0), {"a JPEG image", CONVERT}},
    {BYTES("\xff\xd8\xff\xee", 0), {"a JPEG image", CONVERT}},
    {BYTES("GIF87a", 0), {"a GIF image", CONVERT}},
    {BYTES("GIF89a", 0), {"a GIF image", CONVERT}},
    {BYTES("II*\0", 0), {"a TIFF image", CONVERT}},
    {BYTES("MM\0*", 0), {"a TIFF image", CONVERT}},
    {CHECK(quant_looks_like_bmp), {"a BMP image", CONVERT}},
    {CHECK(quant_looks_like_riff), {"a RIFF file (WAV, WebP, AVI)", CONVERT}},
    {BYTES("%PDF-", 0), {"a PDF document", "give the tensors themselves"}},
    {BYTES("\x7f"
           "ELF",
           0),
     {"a program or library (ELF)", "give the tensors themselves"}},
    {BYTES("PAR1", 0), {"a Parquet table", CONVERT}},
    {BYTES("ARROW1\0\0", 0), {"an Arrow table", CONVERT}},
    {BYTES("FEA1", 0), {"a Feather table", CONVERT}},
    {BYTES("SQLite format 3\0", 0), {"an SQLite database", CONVERT}},
    {BYTES("CDF\1", 0), {"a NetCDF file", CONVERT}},
    {BYTES("CDF\2", 0), {"a NetCDF file", CONVERT}},
    {BYTES("CDF\5", 0), {"a NetCDF file", CONVERT}},
    {CHECK(quant_looks_like_markup),
     {"an HTML or XML page, perhaps in place of a download", "download the file itself"}},
};

const struct quant_signature quant_signature_text = {
    "text, not an array of floats",
    "write it as JSON, or load it (numpy.loadtxt) and save it as .npy"};

static bool row_matches(const struct row *row, const unsigned char *head, size_t nbytes)
{
    if (row->check)
        return row->check(head, nbytes);
    return nbytes >= row->offset + row->length &&
           memcmp(head + row->offset, row->bytes, row->length) == 0;
}

const struct quant_signature *quant_signature_from_content(const unsigned char *head, size_t nbytes)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (row_matches(&rows[i], head, nbytes))
            return &rows[i].signature;
    return NULL;
}

/* Extensions of files that quant does not read, for content that proves nothing: truncated files,
 * or formats without a signature. */
static const struct {
    const char *extension;
    struct quant_signature signature;
} names[] = {
    {"pt", {"a PyTorch file, judging by its name", EXPORT}},
    {"pth", {"a PyTorch file, judging by its name", EXPORT}},
    {"ckpt", {"a checkpoint, judging by its name", EXPORT}},
    {"t7", {"a Torch file, judging by its name", EXPORT}},
    {"ggml", {"a GGML file, judging by its name", EXPORT}},
    {"onnx", {"an ONNX model, judging by its name", EXPORT}},
    {"h5", {"an HDF5 file, judging by its name", EXPORT}},
    {"hdf5", {"an HDF5 file, judging by its name", EXPORT}},
    {"keras", {"a Keras model, judging by its name", EXPORT}},
    {"tflite", {"a TensorFlow Lite model, judging by its name", EXPORT}},
    {"pb", {"a protobuf file, judging by its name", EXPORT}},
    {"msgpack", {"a MessagePack file, as Flax writes, judging by its name", EXPORT}},
    {"mlmodel", {"a Core ML model, judging by its name", EXPORT}},
    {"engine", {"a TensorRT engine, judging by its name", EXPORT}},
    {"mat", {"a MATLAB file, judging by its name", EXPORT}},
    {"pkl", {"a Python pickle, judging by its name", SAVE_NPY}},
    {"pickle", {"a Python pickle, judging by its name", SAVE_NPY}},
    {"parquet", {"a Parquet table, judging by its name", CONVERT}},
    {"arrow", {"an Arrow table, judging by its name", CONVERT}},
    {"csv", {"a table as text, judging by its name", CONVERT}},
    {"tsv", {"a table as text, judging by its name", CONVERT}},
    {"txt", {"text, judging by its name", CONVERT}},
    {"md", {"text, judging by its name", "give the tensors themselves"}},
    {"yaml", {"text, judging by its name", CONVERT}},
    {"yml", {"text, judging by its name", CONVERT}},
    {"toml", {"text, judging by its name", CONVERT}},
    {"xml", {"text, judging by its name", CONVERT}},
    {"html", {"text, judging by its name", "give the tensors themselves"}},
    {"py", {"a program, judging by its name", "give the tensors themselves"}},
    {"gz", {"compressed, judging by its name", DECOMPRESS}},
    {"zst", {"compressed, judging by its name", DECOMPRESS}},
    {"xz", {"compressed, judging by its name", DECOMPRESS}},
    {"bz2", {"compressed, judging by its name", DECOMPRESS}},
    {"lz4", {"compressed, judging by its name", DECOMPRESS}},
    {"zip", {"an archive, judging by its name", "extract it first"}},
    {"tar", {"an archive, judging by its name", "extract it first"}},
    {"7z", {"an archive, judging by its name", "extract it first"}},
    {"png", {"an image, judging by its name", CONVERT}},
    {"jpg", {"an image, judging by its name", CONVERT}},
    {"jpeg", {"an image, judging by its name", CONVERT}},
    {"gif", {"an image, judging by its name", CONVERT}},
    {"wav", {"sound, judging by its name", CONVERT}},
    {"scales", {"the scales of a quantized file, judging by its name", "'quant dequant' reads it"}},
};

const struct quant_signature *quant_signature_from_extension(const char *extension)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(names[i].extension, extension) == 0)
            return &names[i].signature;
    return NULL;
}

/* ---- Text ---- */

enum { TEXT_MIN = 64, TEXT_MOST = 512 };

static bool is_text_control(unsigned char byte)
{
    return byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r';
}

bool quant_signature_is_text(const unsigned char *head, size_t nbytes)
{
    if (nbytes < TEXT_MIN)
        return false;
    char text[TEXT_MOST + 1];
    size_t length = nbytes < TEXT_MOST ? nbytes : TEXT_MOST;
    bool is_text = true;
    for (size_t i = 0; i < length; i++) {
        if ((head[i] < 0x20 && !is_text_control(head[i])) || head[i] == 0x7f)
            return false;
        is_text = is_text && head[i] < 0x80;
    }
    memcpy(text, head, length);
    text[length] = '\0';
    /* The limit may truncate a character of up to four bytes. */
    for (int cut = 0; cut < 4 && !is_text; cut++) {
        is_text = quant_is_utf8(text);
        text[--length] = '\0';
    }
    return is_text;
}
