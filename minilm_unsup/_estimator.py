"""The estimator contract: parameters by name, ``get_params`` and ``set_params``, a short repr, scikit-learn's tags."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["ClusterMixin", "Estimator", "TransformerMixin"]


class Estimator:
    """Base of every estimator.

    ``__init__`` only stores its keyword arguments under their own names; ``fit`` checks them and sets names that end
    in an underscore.
    """

    _estimator_type: str | None = None
    _accepts_sparse = False
    _positive_only = False
    _preserves_dtype: tuple[str, ...] = ("float64", "float32")
    _requires_y = False
    _non_deterministic = False

    @classmethod
    def _parameter_names(cls) -> list[str]:
        if cls.__init__ is object.__init__:
            return []
        kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        signature = inspect.signature(cls.__init__)
        return [p.name for p in list(signature.parameters.values())[1:] if p.kind not in kinds]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; with `deep` those of nested estimators too, as ``outer__inner``."""
        params: dict[str, Any] = {}
        for name in self._parameter_names():
            value = getattr(self, name)
            params[name] = value
            if deep and isinstance(value, Estimator):
                params.update({f"{name}__{k}": v for k, v in value.get_params(deep=True).items()})
        return params

    def set_params(self, **params: Any) -> Any:
        """Set parameters by name (``outer__inner`` for nested ones) and return the estimator.

        Raises
        ------
        ValueError
            For a name that is not a parameter.
        """
        names = self._parameter_names()
        for key, value in sorted(
            params.items(), key=lambda item: "__" in item[0]
        ):  # the nested ones into the new outer
            name, _, rest = key.partition("__")
            if name not in names:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}. Valid parameters are: {names!r}."
                )
            if rest:
                if not hasattr(getattr(self, name), "set_params"):
                    raise ValueError(
                        f"Invalid parameter {key!r} for estimator {type(self).__name__}: {name} is "
                        f"{getattr(self, name)!r}, which has no parameters of its own"
                    )
                getattr(self, name).set_params(**{rest: value})
            else:
                setattr(self, name, value)
        return self

    def _storable_params(self) -> dict[str, Any]:
        """Return the parameters as JSON holds them: numpy's scalars as Python's, sets as lists, a Generator as None."""
        params = self.get_params(deep=False)
        for name, value in params.items():
            if isinstance(value, (np.random.Generator, np.random.RandomState)):
                params[name] = None  # its state is spent
            elif isinstance(value, np.generic):
                params[name] = value.item()
            elif isinstance(value, (set, frozenset)):
                params[name] = sorted(value)
        return params

    @contextmanager
    def _new_fit(self) -> Iterator[None]:
        """Forget what an earlier ``fit`` left, and put it back where this one fails."""
        before = dict(self.__dict__)
        self._forget_fitted()
        try:
            yield
        except BaseException:
            self._forget_fitted()
            self.__dict__.update(before)
            raise

    def _forget_fitted(self) -> None:
        for name in [name for name in self.__dict__ if name.endswith("_")]:
            del self.__dict__[name]

    def __repr__(self) -> str:
        changed = []
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            if name == "self" or not hasattr(self, name):
                continue
            value = getattr(self, name)
            if value is not parameter.default and repr(value) != repr(parameter.default):
                shown = repr(value)
                changed.append(f"{name}={shown if len(shown) <= 60 else shown[:57] + '...'}")
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:
        """Tags for scikit-learn's tools; imports scikit-learn, which is never needed otherwise."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags, TransformerTags

        kind = self._estimator_type
        return Tags(
            estimator_type=kind,
            target_tags=TargetTags(required=self._requires_y),
            transformer_tags=TransformerTags(preserves_dtype=list(self._preserves_dtype))
            if hasattr(self, "transform")
            else None,
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=None,
            input_tags=InputTags(sparse=self._accepts_sparse, positive_only=self._positive_only),
            non_deterministic=self._non_deterministic,
        )


class TransformerMixin:
    """Adds ``fit_transform`` to what has ``fit`` and ``transform``."""

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to `X` and return it transformed."""
        return self.fit(X, y, **fit_params).transform(X)  # type: ignore[attr-defined]


class ClusterMixin:
    """Adds ``fit_predict`` to what sets ``labels_`` in ``fit``."""

    _estimator_type: str | None = "clusterer"

    def fit_predict(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to `X` and return its labels."""
        return self.fit(X, y, **fit_params).labels_  # type: ignore[attr-defined]
