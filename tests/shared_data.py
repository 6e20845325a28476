#!/usr/bin/env python3
"""shared_data.py DATA [PART]: what each file of the shared data holds, told by other programs' readers.

tifffile with imagecodecs, Pillow (libtiff's colour conversion), nibabel, pynrrd, SimpleITK and numpy; never Venule.
Run by hand; writes shared_data.txt beside itself (with PART: prints the rows of paths that contain it). One row a file,
fields separated by tabs:
  read    PATH  XxYxZ  channels  times  type  crc,crc,...
  refuse  PATH  code  part of the message  why
crc: zlib's CRC-32 of one channel's voxels at time 0, x fastest, little-endian, in the type that `open` gives.
Rows of files to refuse are decided by hand and kept as they are in shared_data.txt; a file that no reader reads and that
has no such row becomes a row that begins with '?', which the test does not accept.
"""
import logging
import os
import re
import resource
import signal
import sys
import warnings
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

logging.disable(logging.CRITICAL)
warnings.simplefilter('ignore')
Image.MAX_IMAGE_PIXELS = None


class No(Exception):
    """The reader does not read this; the reason in words."""


NAMES = {'uint8': 'u8', 'uint16': 'u16', 'uint32': 'u32', 'int8': 'i8', 'int16': 'i16', 'int32': 'i32', 'float32': 'f32', 'float64': 'f64'}


def narrow(a):
    """The types that Venule has: 64-bit integers as 32-bit ones where they fit, half floats as floats."""
    if a.dtype == bool:
        return a.astype(np.uint8)
    if a.dtype.kind in 'iu' and a.dtype.itemsize == 8:
        b = a.astype(np.int32 if a.dtype.kind == 'i' else np.uint32)
        if not np.array_equal(a, b):
            raise No('64-bit numbers that do not fit 32 bits')
        return b
    if a.dtype == np.float16:
        return a.astype(np.float32)
    return a


def crc(a):
    a = narrow(a)
    if a.dtype.name not in NAMES:
        raise No('samples of type ' + a.dtype.name)
    return zlib.crc32(np.ascontiguousarray(a).astype(a.dtype.newbyteorder('<')).tobytes()), NAMES[a.dtype.name]


# ---- TIFF ----

def whole_strips(page):
    """tifffile fills what is not in the file with zeros; here that is no reading."""
    size = page.parent.filehandle.size
    for i, (offset, count) in enumerate(zip(page.dataoffsets, page.databytecounts)):
        if offset == 0 or count == 0 or offset + count > size:
            raise No(f'strip or tile {i} of page {page.index + 1} is not in the file')
    if page.is_tiled:
        n = -(-page.imagelength // page.tilelength) * -(-page.imagewidth // page.tilewidth)
    else:
        n = -(-page.imagelength // max(1, min(page.rowsperstrip, page.imagelength)))
    if len(page.dataoffsets) < n * (page.samplesperpixel if int(page.planarconfig) == 2 else 1):
        raise No('offsets are missing')


def pillow_page(path, index):
    TiffImagePlugin.READ_LIBTIFF = True
    with Image.open(path) as im:
        im.seek(index)
        a = np.asarray(im.convert('RGB') if im.mode in ('YCbCr',) else im)
    return a


def page_samples(path, page):
    """One page as channels of Y x X, in Venule's sense of channels."""
    photo, bits, spp = int(page.photometric), page.bitspersample, page.samplesperpixel
    if photo in (32844, 32845):
        raise No('LogLuv')
    if page.imagedepth > 1:
        raise No('depth')
    whole_strips(page)
    if photo == 6 and int(page.compression) != 7:
        a = pillow_page(path, page.index)                 # libtiff's conversion from YCbCr to RGB
        return [a[..., k] for k in range(a.shape[2])]
    a = page.asarray()
    if page.axes.startswith('S') and a.ndim == 3:
        a = np.moveaxis(a, 0, -1)
    if a.ndim == 2:
        a = a[..., None]
    if a.ndim != 3 or a.shape[:2] != (page.imagelength, page.imagewidth):
        raise No(f'{page.axes} {a.shape}')
    chans = [a[..., k] for k in range(a.shape[2])]
    if photo == 0 and a.dtype.kind in 'bu' and a.dtype.itemsize <= 4:
        chans = [~c if c.dtype == bool else (c.dtype.type((1 << bits) - 1) - c) for c in chans]
    if photo == 3 and len(chans) == 1:
        m = np.asarray(page.colormap)[:, :1 << bits]
        if (m < 256).all():
            m = m * 257                                   # written by programs that took 8 bits for 16
        i = chans[0].astype(np.intp)
        high = (m >> 8).astype(np.uint8)
        if (m[0] == m[1]).all() and (m[1] == m[2]).all():
            chans = [high[0][i]]
        else:
            chans = [chans[0]] + [high[k][i] for k in range(3)]
    if bits == 1:                                         # one bit opens as a mask, but for a palette's colours
        chans[0] = (chans[0] != 0).astype(np.uint8)
    if photo == 8 and len(chans) >= 3:
        chans = [chans[0]] + [c.view(c.dtype.name.replace('u', '')) for c in chans[1:3]] + chans[3:]
    return chans


def ome_set(companion):
    root = ET.parse(companion).getroot()
    ns = root.tag[:root.tag.index('}') + 1]
    px = root.find(f'{ns}Image/{ns}Pixels')
    nz, nc, nt = (int(px.get(k)) for k in ('SizeZ', 'SizeC', 'SizeT'))
    planes = {}
    for d in px.findall(ns + 'TiffData'):
        where = os.path.join(os.path.dirname(companion), d.find(ns + 'UUID').get('FileName'))
        planes[tuple(int(d.get('First' + k)) for k in 'ZCT')] = (where, int(d.get('IFD')))
    page = {}
    for key, (where, ifd) in planes.items():
        with tifffile.TiffFile(where) as t:
            page[key] = t.pages[ifd].asarray()
    return [np.stack([page[z, c, 0] for z in range(nz)]) for c in range(nc)], nt


def tiff(path):
    """-> list of channels, each Z x Y x X; number of times."""
    with tifffile.TiffFile(path) as t:
        pages = [p if isinstance(p, tifffile.TiffPage) else p.aspage() for p in t.pages]
        keep = [p for p in pages if not int(p.subfiletype) & 5] or pages[:1]
        if len({(p.shape, p.dtype, int(p.photometric)) for p in keep}) > 1:
            raise No('pages differ')
        text = pages[0].description or ''
        if '<BinaryOnly' in text:                         # a set described by another file: its XML says which plane is where
            return ome_set(os.path.join(os.path.dirname(path), re.search('MetadataFile="([^"]+)"', text)[1]))
        ome = t.is_ome and '<Pixels' in (pages[0].description or '')
        many = len(keep)
        if not ome and not t.is_imagej or many == 1 and not (t.is_imagej and len(t.series) and t.series[0].shape[0] > 1 and 'I' in t.series[0].axes):
            per = [page_samples(path, p) for p in keep]
            return [np.stack([p[c] for p in per]) for c in range(len(per[0]))], 1
        s = t.series[0]
        a, axes = s.asarray(), s.axes
        full = [a.shape[axes.index(x)] if x in axes else 1 for x in 'TCZYXS']
        a = np.moveaxis(a, [axes.index(x) for x in 'TCZYXS' if x in axes], range(a.ndim)).reshape(full)
        return [a[0, c, ..., k] for c in range(full[1]) for k in range(full[5])], full[0]


# ---- other formats ----

def nifti(path):
    import nibabel
    im = nibabel.load(path)
    a = np.asarray(im.dataobj.get_unscaled())
    while a.ndim > 3 and a.shape[-1] == 1:
        a = a[..., 0]
    a = a.reshape(a.shape + (1,) * (5 - a.ndim)) if a.ndim < 5 else a
    if a.ndim > 5:
        raise No('more than five dimensions')
    slope, inter = im.dataobj.slope, im.dataobj.inter
    if a.dtype.byteorder == '>':
        a = a.astype(a.dtype.newbyteorder('='))
    if (slope, inter) != (1, 0):
        real = np.float64 if a.dtype == np.float64 else np.float32
        a = (a.astype(np.float64) * slope + inter).astype(real)
    return [a[:, :, :, 0, c].T for c in range(a.shape[4])], a.shape[3]


def nrrd_(path):
    import nrrd
    a, h = nrrd.read(path, index_order='F')
    if a.ndim != 3:
        raise No('not three dimensions')
    return [a.T], 1


def itk(path):
    import SimpleITK
    a = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))
    return [a], 1


def pillow(path):
    with Image.open(path) as im:
        return [np.asarray(im).astype(np.uint16)[None]], 1


def npy(path):
    a = np.load(path)
    return [a.reshape((1,) * (3 - a.ndim) + a.shape)], 1


READERS = {'.tif': tiff, '.tiff': tiff, '.nii': nifti, '.gz': nifti, '.hdr': nifti, '.nrrd': nrrd_, '.mha': itk, '.npy': npy, '.ome': ome_set}


# Without byte counts tifffile takes the strips' lengths from elsewhere; Pillow computes them, as the standard asks.
OTHER = {'tiff/fuzz_and_odd/tests/fuzz_images/fuzz_oor_panic_0121.tif': pillow}
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'shared_data.txt')
ABOUT = '# made by shared_data.py; rows to refuse are by hand\n'


def row(root, name):
    path = os.path.join(root, name)
    reader = OTHER.get(name) or READERS.get(os.path.splitext(name)[1].lower())
    try:
        chans, times = reader(path)
        sums = [crc(c) for c in chans]
        z, y, x = chans[0].shape
    except Exception as e:
        return f'?\t{name}\t{type(e).__name__}: {str(e)[:150]!r}'
    kinds = ','.join(dict.fromkeys(t for _, t in sums))
    return f'read\t{name}\t{x}x{y}x{z}\t{len(chans)}\t{times}\t{kinds}\t' + ','.join(f'{c:08x}' for c, _ in sums)


def guarded(root, name):
    """row() in a process of its own: damaged files make readers ask for all memory, or for ever."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        signal.alarm(20)
        os.write(w, row(root, name).encode())
        os._exit(0)
    os.close(w)
    text = b''
    while part := os.read(r, 65536):
        text += part
    os.close(r)
    os.waitpid(pid, 0)
    return text.decode() or f'?\t{name}\treader did not end'


def main():
    root = sys.argv[1]
    part = sys.argv[2] if len(sys.argv) > 2 else ''
    refused = {}
    if os.path.exists(TABLE):
        with open(TABLE, encoding='utf-8') as f:
            refused = {r.split('\t')[1]: r for r in f if r.startswith('refuse\t')}
    names = set(refused)
    for folder, _, files in os.walk(root):
        for f in files:
            if os.path.splitext(f)[1].lower() in READERS:
                names.add(os.path.relpath(os.path.join(folder, f), root))
    rows = [refused.get(n) or guarded(root, n) + '\n' for n in sorted(names) if part in n]
    if part:
        sys.stdout.writelines(rows)
        return
    with open(TABLE, 'w', encoding='utf-8') as f:
        f.writelines([ABOUT] + rows)


if __name__ == '__main__':
    main()
