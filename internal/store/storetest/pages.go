package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keywright/keywright/internal/incident"
	"github.com/keywright/keywright/internal/store"
	"github.com/keywright/keywright/issuer"
)

func pageCases() cases {
	return cases{
		"PagingWithEqualTimes": func(t *testing.T, b Backend) {
			withFamily(t, b)
			var want []issuer.KeyID
			for n := range 7 {
				key := newKey(n)
				if n == 6 {
					key.CreatedAt = noon.Add(-time.Hour) // the oldest comes last in spite of its id
				}
				must(t, b.Keys.CreateKey(t.Context(), key, act("")))
			}
			for _, n := range []int{5, 4, 3, 2, 1, 0, 6} {
				want = append(want, keyID(n))
			}
			for limit := 1; limit <= 8; limit++ {
				if got := walkKeys(t, b, issuer.KeyQuery{Limit: limit}); !slices.Equal(got, want) {
					t.Errorf("pages of %d: %v, want %v", limit, got, want)
				}
			}
		},
		"PagesSelectByFamilyOwnerAndStatus": func(t *testing.T, b Backend) {
			withFamily(t, b)
			must(t, b.Keys.CreateFamily(t.Context(), issuer.Family{Prefix: "other"}, act("")))
			for n := range 4 {
				key := newKey(n)
				if n == 1 {
					key.Family = "other"
				}
				if n == 2 {
					key.Owner = "bob"
				}
				must(t, b.Keys.CreateKey(t.Context(), key, act("")))
			}
			must(t, b.Keys.SetStatus(t.Context(), keyID(3), issuer.StatusDisabled, act("")))
			cases := []struct {
				name  string
				query issuer.KeyQuery
				want  []issuer.KeyID
			}{
				{"a family", issuer.KeyQuery{Family: "other"}, []issuer.KeyID{keyID(1)}},
				{"an owner", issuer.KeyQuery{Owner: "bob"}, []issuer.KeyID{keyID(2)}},
				{"a status", issuer.KeyQuery{Status: issuer.StatusDisabled}, []issuer.KeyID{keyID(3)}},
				{"all three", issuer.KeyQuery{Family: "acme", Owner: "alice", Status: issuer.StatusActive}, []issuer.KeyID{keyID(0)}},
				{"nobody's", issuer.KeyQuery{Owner: "carol"}, nil},
				{"an owner is not a pattern", issuer.KeyQuery{Owner: "%"}, nil},
			}
			for _, c := range cases {
				if got := walkKeys(t, b, c.query); !slices.Equal(got, c.want) {
					t.Errorf("%s: %v, want %v", c.name, got, c.want)
				}
			}
		},
		"ABadPageIsRefused": func(t *testing.T, b Backend) {
			for _, after := range []string{"x", "!", "MTIz", "LTEgYQ", "MSBh\n"} {
				if _, err := b.Keys.Keys(t.Context(), issuer.KeyQuery{After: after}); !errors.Is(err, store.ErrCursor) {
					t.Errorf("keys after %q: %v", after, err)
				}
				if _, err := b.Incidents.Incidents(t.Context(), incident.Query{After: after}); !errors.Is(err, store.ErrCursor) {
					t.Errorf("incidents after %q: %v", after, err)
				}
			}
			for _, limit := range []int{-1, store.MaxPage + 1} {
				if _, err := b.Keys.Keys(t.Context(), issuer.KeyQuery{Limit: limit}); err == nil {
					t.Errorf("a page of %d keys was given", limit)
				}
				if _, err := b.Incidents.Incidents(t.Context(), incident.Query{Limit: limit}); err == nil {
					t.Errorf("a page of %d incidents was given", limit)
				}
			}
		},
		"IncidentsPageNewestFirst": func(t *testing.T, b Backend) {
			var want []incident.ID
			for n := range 5 {
				seen := leak(n)
				record(t, b, seen)
				want = append([]incident.ID{seen.ID}, want...)
			}
			must(t, b.Incidents.Resolve(t.Context(), want[0], "done", act("")))
			must(t, b.Incidents.AddOutcome(t.Context(), want[4], doneOutcome("k"), act("")))
			for limit := 1; limit <= 6; limit++ {
				if got := walkIncidents(t, b, incident.Query{Limit: limit}); !slices.Equal(got, want) {
					t.Errorf("pages of %d: %v, want %v", limit, got, want)
				}
			}
			if got := walkIncidents(t, b, incident.Query{State: incident.StateOpen}); !slices.Equal(got, want[1:]) {
				t.Errorf("open = %v, want %v", got, want[1:])
			}
			page := get(b.Incidents.Incidents(t.Context(), incident.Query{}))(t)
			if len(page.Incidents) != 5 || len(page.Incidents[4].Outcomes) != 1 || len(page.Incidents[3].Outcomes) != 0 {
				t.Errorf("the outcomes are not with their incident: %+v", page)
			}
		},
	}
}

func walkKeys(t *testing.T, b Backend, query issuer.KeyQuery) []issuer.KeyID {
	t.Helper()
	var ids []issuer.KeyID
	for range 100 {
		page := get(b.Keys.Keys(t.Context(), query))(t)
		if query.Limit > 0 && len(page.Keys) > query.Limit {
			t.Fatalf("a page of %d keys, asked for %d", len(page.Keys), query.Limit)
		}
		for _, key := range page.Keys {
			ids = append(ids, key.ID)
		}
		if query.After = page.Next; page.Next == "" {
			return ids
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

func walkIncidents(t *testing.T, b Backend, query incident.Query) []incident.ID {
	t.Helper()
	var ids []incident.ID
	for range 100 {
		page := get(b.Incidents.Incidents(t.Context(), query))(t)
		for _, i := range page.Incidents {
			ids = append(ids, i.ID)
		}
		if query.After = page.Next; page.Next == "" {
			return ids
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

// leak is the incident number n, one minute after the one before.
func leak(n int) incident.Incident {
	at := noon.Add(time.Duration(n) * time.Minute)
	return incident.Incident{
		ID: incident.ID(fmt.Sprintf("inc_%016d", n)), Fingerprint: fmt.Sprintf("fp1_%d", n), Pattern: "vendor.kind",
		Vendor: "vendor", Name: "a kind of key", Redacted: "v_…(redacted)", Source: "repo", Places: 1,
		State: incident.StateOpen, FirstSeenAt: at, LastSeenAt: at,
	}
}
