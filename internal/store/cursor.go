package store

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Page sizes of every list.
const (
	DefaultPage = 100
	MaxPage     = 1000
)

// cursor is the place after the last row of a page, in an order by time and then id, both falling.
type cursor struct {
	at time.Time
	id string
}

// beforeAll is the cursor of the first page: nothing is later.
var beforeAll = cursor{at: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString(
		[]byte(strconv.FormatInt(c.at.UnixMicro(), 10) + " " + c.id))
}

func parseCursor(s string) (cursor, error) {
	if s == "" {
		return beforeAll, nil
	}
	if len(s) > MaxTextBytes {
		return cursor{}, ErrCursor
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return cursor{}, ErrCursor
	}
	number, id, ok := strings.Cut(string(raw), " ")
	at, err := strconv.ParseInt(number, 10, 64)
	c := cursor{at: time.UnixMicro(at).UTC(), id: id}
	if !ok || err != nil || checkTexts(field{"cursor", id}) != nil || c.String() != s || c.at.After(beforeAll.at) || at < 0 {
		return cursor{}, ErrCursor
	}
	return c, nil
}

// pageLimit applies the default and the cap. A limit over the cap is an error, so that nobody takes a cut page
// for the whole.
func pageLimit(asked int) (int, error) {
	switch {
	case asked < 0 || asked > MaxPage:
		return 0, fmt.Errorf("page of %d: the limit is 1 to %d", asked, MaxPage)
	case asked == 0:
		return DefaultPage, nil
	}
	return asked, nil
}
