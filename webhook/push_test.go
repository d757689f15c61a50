package webhook_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/keywright/keywright/webhook"
)

func TestParsePush(t *testing.T) {
	t.Parallel()
	p, err := webhook.ParsePush(pushBody(zero, idOne))
	if err != nil {
		t.Fatal(err)
	}
	want := webhook.Push{
		Ref: "refs/heads/main", Before: zero, After: idOne, Installation: 9,
		Repository: webhook.Repository{ID: 7, Owner: "octo", Name: "demo"},
	}
	if p != want {
		t.Errorf("ParsePush = %+v, want %+v", p, want)
	}
	if !p.Created() || p.Deleted() || p.Repository.FullName() != "octo/demo" {
		t.Errorf("created %v, deleted %v, name %s", p.Created(), p.Deleted(), p.Repository.FullName())
	}
}

func TestParsePushRefuses(t *testing.T) {
	t.Parallel()
	edit := func(old, replacement string) string {
		return strings.Replace(string(pushBody(zero, idOne)), old, replacement, 1)
	}
	cases := []struct{ name, body string }{
		{"no JSON", "ghost"},
		{"JSON that is no object", "[]"},
		{"an object without a ref", edit(`"ref"`, `"fer"`)},
		{"a ref that is an option", edit("refs/heads/main", "--upload-pack=x")},
		{"a ref with a space", edit("refs/heads/main", "refs/heads/a b")},
		{"a ref with a refspec's colon", edit("refs/heads/main", "refs/heads/a:refs/heads/b")},
		{"an id that is too short", edit(idOne, "1111")},
		{"an id in upper case", edit(idOne, strings.Repeat("A", 40))},
		{"ids of two kinds", edit(idOne, strings.Repeat("a", 64))},
		{"two zero ids", string(pushBody(zero, zero))},
		{"a repository without an owner", edit("octo/demo", "demo")},
		{"a repository that climbs", edit("octo/demo", "octo/..")},
		{"a repository with two slashes", edit("octo/demo", "octo/demo/x")},
		{"a repository without an id", edit(`"id":7`, `"id":0`)},
		{"a negative installation", edit(`"id":9`, `"id":-9`)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := webhook.ParsePush([]byte(c.body)); !errors.Is(err, webhook.ErrNotPush) {
				t.Errorf("error = %v, want ErrNotPush", err)
			}
		})
	}
}

func TestParsePushErrorsHoldNoPartOfTheBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"ref":{"canary":1}}`, `{"ref":"canary"`, `canary`, `{"installation":"canary"}`} {
		if _, err := webhook.ParsePush([]byte(body)); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("error of %q = %v", body, err)
		}
	}
}

func FuzzParsePush(f *testing.F) {
	f.Add(pushBody(zero, idOne))
	f.Add([]byte(pingBody))
	f.Add([]byte(`{"ref":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := webhook.ParsePush(body)
		if err != nil {
			return
		}
		if strings.HasPrefix(p.Ref, "-") || strings.HasPrefix(p.After, "-") || strings.Contains(p.Repository.FullName(), "/../") {
			t.Errorf("accepted %+v", p)
		}
	})
}
