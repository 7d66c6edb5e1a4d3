package telemetry

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// spoolFile is what a spool needs of a file. Tests put one with faults in its
// place.
type spoolFile interface {
	io.WriterAt
	io.ReaderAt
	Sync() error
	Truncate(size int64) error
	Close() error
}

// A spool is the file of rows that the store may not have yet, in order: journal
// and spill file in one. While it is active it holds every row that is not
// delivered, and maybe some that are. Its user's lock guards it.
type spool struct {
	path   string
	max    int64
	begin  line
	create func(path string) (spoolFile, error)

	active bool
	file   spoolFile
	size   int64 // of the whole lines in it
	tail   *tail // the lines after those, or nil
	next   int64 // index of the event after the last one in file and tail
	buffer []byte
}

// errSpoolFull is the error of a file that reached its limit.
var errSpoolFull = errors.New("it has reached its limit, Options.SpillBytes")

func newSpool(o Options, run Run, create func(string) (spoolFile, error)) *spool {
	if create == nil {
		create = createLocked
	}
	return &spool{
		path: filepath.Join(o.SpillDir, "simcity-spill-"+filepath.Base(run.ID)+".jsonl"), max: o.SpillBytes,
		begin: line{Version: spillVersion, Begin: &run}, create: create,
	}
}

// createLocked makes a file that is locked for as long as this process lives.
func createLocked(path string) (spoolFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return lockedFile{file}, nil
}

// A lockedFile is locked until it is closed.
type lockedFile struct{ *os.File }

func (f lockedFile) Close() error {
	unlock(f.File)
	return f.File.Close()
}

// start makes the file anew with these items, all that are not delivered, after
// so many that are. An older file stays in place until the new one is whole.
func (s *spool) start(delivered int64, items []item) error {
	s.begin.Delivered = delivered
	fresh := s.path + ".new"
	file, err := s.create(fresh)
	if err != nil {
		return fmt.Errorf("spill file: %w", err)
	}
	text := appendAny(nil, s.begin)
	size := int64(0)
	for i := range items {
		if text = appendItem(text, &items[i]); len(text) > 1<<20 {
			if _, err = file.WriteAt(text, size); err != nil {
				break
			}
			size += int64(len(text))
			text = text[:0]
		}
	}
	if err == nil {
		_, err = file.WriteAt(text, size)
		size += int64(len(text))
	}
	if err == nil {
		err = os.Rename(fresh, s.path)
	}
	if err != nil {
		_ = file.Close()
		_ = os.Remove(fresh)
		return fmt.Errorf("spill file: %w", err)
	}
	if s.file != nil {
		_ = s.file.Close()
	}
	s.file, s.size, s.active = file, size, true
	s.next = delivered + int64(len(items))
	s.tail.clear()
	return nil
}

// add keeps one item: in the tail, and with all that is there in the file when it is
// full.
func (s *spool) add(it *item) error {
	s.buffer = appendItem(s.buffer[:0], it)
	if err := s.keepLine(s.buffer); err != nil {
		return err
	}
	s.next = it.event.Index + 1
	return nil
}

// keepLine is add for the item's line. A tail that fails is none from then on.
func (s *spool) keepLine(text []byte) error {
	if !s.tail.fits(text) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	switch {
	case !s.tail.fits(text):
		return s.write(text, s.max)
	case s.size+int64(len(s.tail.lines())+len(text)) > s.max:
		return fmt.Errorf("spill file %s: %w", s.path, errSpoolFull)
	}
	err := s.tail.add(text)
	if err != nil {
		_ = s.tail.remove()
		s.tail = nil
	}
	return err
}

// addToFile writes one item to the file, and tells where in it.
func (s *spool) addToFile(it *item) (at int64, err error) {
	if err := s.flush(); err != nil {
		return 0, err
	}
	at, s.buffer = s.size, appendItem(s.buffer[:0], it)
	if err := s.write(s.buffer, s.max); err != nil {
		return 0, err
	}
	s.next = it.event.Index + 1
	return at, nil
}

// flush writes the tail to the file.
func (s *spool) flush() error {
	if err := s.write(s.tail.lines(), s.max); err != nil {
		return err
	}
	s.tail.clear()
	return nil
}

// end writes how the run ended, beyond the limit if it must.
func (s *spool) end(run Run, live *Live) error {
	if err := s.flush(); err != nil {
		return err
	}
	return s.write(appendAny(nil, line{End: &run, Live: live}), s.max+1<<30)
}

// write writes lines to the file. What was written in part is overwritten by the next.
func (s *spool) write(text []byte, limit int64) error {
	if len(text) == 0 {
		return nil
	}
	if s.size+int64(len(text)) > limit {
		return fmt.Errorf("spill file %s: %w", s.path, errSpoolFull)
	}
	if _, err := s.file.WriteAt(text, s.size); err != nil {
		_ = s.file.Truncate(s.size) // so that no torn line stays; the next write covers it too
		return fmt.Errorf("spill file: %w", err)
	}
	s.size += int64(len(text))
	return nil
}

// read returns items from an offset up to another, as many as a batch of so many rows
// and bytes takes, and where the next one begins.
func (s *spool) read(from, to int64, rowsMax, bytesMax int) ([]item, int64, error) {
	reader := bufio.NewReaderSize(io.NewSectionReader(s.file, from, to-from), 256<<10)
	var items []item
	rows, bytes := 0, 0
	for from < to {
		l, size, err := readLine(reader)
		if err != nil {
			return items, from, fmt.Errorf("spill file %s: %w", s.path, err)
		}
		if l.Event == nil {
			from += size
			continue
		}
		it := item{event: *l.Event, snapshot: l.Snapshot}
		if len(items) > 0 && (rows+it.rows() > rowsMax || bytes+it.bytes() > bytesMax) {
			break
		}
		items, from = append(items, it), from+size
		rows, bytes = rows+it.rows(), bytes+it.bytes()
	}
	return items, from, nil
}

// remove ends the spool and its file.
func (s *spool) remove() error {
	if s.file == nil {
		return nil
	}
	s.active = false
	file := s.file
	s.file = nil
	return errors.Join(s.tail.remove(), os.Remove(s.path), file.Close())
}

// keep ends the spool and leaves its file, and the tail if the file did not take it.
func (s *spool) keep() error {
	if s.file == nil {
		return nil
	}
	s.active = false
	file := s.file
	s.file = nil
	err := errors.Join(file.Truncate(s.size), file.Sync(), file.Close())
	if len(s.tail.lines()) == 0 {
		err = errors.Join(err, s.tail.remove())
	}
	return err
}

// ErrSpillInUse is the error of a file that a process holds.
var ErrSpillInUse = errors.New("it belongs to a run that is still going on in some process")
