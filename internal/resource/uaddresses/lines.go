package uaddresses

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
)

// lines reads a text line by line. The codifier is read so, and not as one CSV
// text, because a stray quote would swallow the rows after it.
type lines struct {
	reader    *bufio.Reader
	encoding  string // that the text is written in
	separator rune   // of the fields
	number    int    // of the line that next returned, from 1
	cut       bool   // that line was longer than maxLine, and only its number is good
}

const maxLine = 16 << 10

// newLines finds out how the text is written: spreadsheets save in the encodings of
// Windows and with other separators too.
func newLines(r io.Reader) *lines {
	l := &lines{reader: bufio.NewReaderSize(r, maxLine)}
	head, _ := l.reader.Peek(maxLine) // what fails here fails again when the lines are read
	var decoder encoding.Encoding
	if l.encoding, decoder = encodingOf(head); decoder != nil {
		l.reader = bufio.NewReaderSize(decoder.NewDecoder().Reader(l.reader), maxLine)
		head, _ = decoder.NewDecoder().Bytes(head)
	}
	l.separator = separatorOf(head)
	return l
}

// encodingOf tells the encoding of a text by its beginning; of UTF-8 without a mark
// there is nothing to decode. Without a mark UTF-16 is known by the code of a place
// in it, and windows-1251 by letters that are not UTF-8.
func encodingOf(head []byte) (name string, e encoding.Encoding) {
	code := bytes.Index(head, []byte("U\x00A\x00"))
	switch {
	case bytes.HasPrefix(head, []byte("\ufeff")):
		return "UTF-8", utf.UTF8BOM
	case bytes.HasPrefix(head, []byte("\xff\xfe")), code >= 0 && code%2 == 0:
		return "UTF-16LE", utf.UTF16(utf.LittleEndian, utf.UseBOM)
	case bytes.HasPrefix(head, []byte("\xfe\xff")), code > 0:
		return "UTF-16BE", utf.UTF16(utf.BigEndian, utf.UseBOM)
	case moreIsBroken(head):
		return "windows-1251", charmap.Windows1251
	}
	return "UTF-8", nil
}

// moreIsBroken returns whether a text has more bytes that are not UTF-8 than
// Cyrillic letters in UTF-8.
func moreIsBroken(head []byte) bool {
	broken, letters := 0, 0
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && size == 1:
			broken++
		case unicode.Is(unicode.Cyrillic, r):
			letters++
		}
		head = head[size:]
	}
	return broken > letters
}

var firstField = regexp.MustCompile(`UA[0-9]{17}"?[ \t]*([;,|\t])`)

// separatorOf returns the character after the first code of a text: the codifier's
// semicolon, or what a spreadsheet has put in its place.
func separatorOf(head []byte) rune {
	found := firstField.FindSubmatch(head)
	if found == nil {
		return ';'
	}
	return rune(found[1][0])
}

// next returns the next line without its end, or io.EOF.
func (l *lines) next() (string, error) {
	line, err := l.reader.ReadSlice('\n')
	l.number++
	l.cut = errors.Is(err, bufio.ErrBufferFull)
	text := string(bytes.TrimRight(line, "\r\n"))
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.reader.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && (len(line) > 0 || l.cut) {
		err = nil // the last line has no end
	}
	return text, err
}
