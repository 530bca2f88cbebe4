package store

import (
	"fmt"
	"math/rand/v2"

	"halfmeg/model"
	"halfmeg/quant/train"
	"halfmeg/tools/train/dataset"
)

// Source draws variants of pictures. It implements train.Source.
type Source struct {
	store      *Store
	items      []dataset.Item
	augmenters []*train.Augmenter // by worker
	mixed      float64            // share of the variants that are blends of two pictures
}

// NewSource returns a Source for a network's input.
func NewSource(s *Store, items []dataset.Item, in model.Input, jitter train.Jitter, mixed float64, workers int) (*Source, error) {
	src := &Source{store: s, items: items, mixed: mixed}
	for range workers {
		a, err := train.NewPictureAugmenter(in, jitter)
		if err != nil {
			return nil, err
		}
		src.augmenters = append(src.augmenters, a)
	}
	return src, nil
}

// Len implements train.Source.
func (s *Source) Len() int { return len(s.items) }

// Draw implements train.Source.
func (s *Source) Draw(worker, i int, random *rand.Rand, dst []int8, target []float32) error {
	first, err := s.vary(worker, i, random)
	if err != nil {
		return err
	}
	copy(dst, first)
	target[s.items[i].Class] = 1
	if s.mixed == 0 || random.Float64() >= s.mixed {
		return nil
	}
	// mixup: Zhang et al., arXiv:1710.09412, with a uniform proportion (alpha = 1).
	other := random.IntN(len(s.items))
	second, err := s.vary(worker, other, random)
	if err != nil {
		return err
	}
	parts := random.IntN(256)
	train.Blend(dst, second, parts)
	target[s.items[i].Class] = float32(256-parts) / 256
	target[s.items[other].Class] += float32(parts) / 256
	return nil
}

func (s *Source) vary(worker, i int, random *rand.Rand) ([]int8, error) {
	img, err := s.store.Picture(s.items[i].Path)
	if err != nil {
		return nil, err
	}
	variant, err := s.augmenters[worker].Vary(img.Pix, img.Width, img.Height, random)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.items[i].Path, err)
	}
	return variant, nil
}
