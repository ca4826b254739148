package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// tarball writes files in a folder of that name. Owners are numbers without names: root's.
func (r *release) tarball(folder string, files []file) func(io.Writer) error {
	return func(out io.Writer) error {
		packer := gzip.NewWriter(out) // its header holds neither a name nor a time
		archive := tar.NewWriter(packer)
		for _, f := range files {
			content, err := f.read()
			if err != nil {
				return err
			}
			header := &tar.Header{
				Typeflag: tar.TypeReg, Name: folder + "/" + f.name, Size: int64(len(content)), Mode: int64(f.mode), ModTime: r.time, Format: tar.FormatUSTAR,
			}
			if err := archive.WriteHeader(header); err != nil {
				return fmt.Errorf("pack %s: %w", f.name, err)
			}
			if _, err := archive.Write(content); err != nil {
				return fmt.Errorf("pack %s: %w", f.name, err)
			}
		}
		return errors.Join(archive.Close(), packer.Close())
	}
}

// zip writes files in a folder of that name.
func (r *release) zip(folder string, files []file) func(io.Writer) error {
	return func(out io.Writer) error {
		archive := zip.NewWriter(out)
		for _, f := range files {
			content, err := f.read()
			if err != nil {
				return err
			}
			header := &zip.FileHeader{Name: folder + "/" + f.name, Method: zip.Deflate, Modified: r.time}
			header.SetMode(f.mode)
			entry, err := archive.CreateHeader(header)
			if err != nil {
				return fmt.Errorf("pack %s: %w", f.name, err)
			}
			if _, err := entry.Write(content); err != nil {
				return fmt.Errorf("pack %s: %w", f.name, err)
			}
		}
		return archive.Close() //nolint:wrapcheck // writeFile says which file
	}
}
