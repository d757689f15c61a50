package issuer

import "context"

type principalKey struct{}

// WithPrincipal returns a context that carries who the request's key stands for.
func WithPrincipal(ctx context.Context, principal Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, principal)
}

// PrincipalFrom returns what [WithPrincipal] put there; false when no key was verified.
func PrincipalFrom(ctx context.Context) (Principal, bool) {
	principal, ok := ctx.Value(principalKey{}).(Principal)
	return principal, ok
}
