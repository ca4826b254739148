package uaddresses

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// lines reads a text line by line. The codifier is read so, and not as one CSV
// text, because a stray quote would swallow the rows after it.
type lines struct {
	reader *bufio.Reader
	number int  // of the line that next returned, from 1
	cut    bool // that line was longer than maxLine, and only its number is good
}

const maxLine = 16 << 10

func newLines(r io.Reader) *lines {
	reader := bufio.NewReaderSize(r, maxLine)
	// The mark with which some programs begin a UTF-8 text.
	if mark, err := reader.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = reader.Discard(3) // it has just been peeked
	}
	return &lines{reader: reader}
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
