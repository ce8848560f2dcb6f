// @ts-check
/** Which cameras suit the check, by their names and by their pictures. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { isGrey, isUnsuited, nextCamera } from '../../www/assets/camera-choice.js';

test('cameras for infrared light, and those that face away, are known by their names', () => {
  /** @type {[label: string, unsuited: boolean][]} */
  const cases = [
    ['Integrated IR Camera (04f2:b6b7)', true],
    ['HP IR Camera', true],
    ['Microsoft Camera Front IR', true],
    ['Infrarot-Kamera', true],
    ['Caméra infrarouge', true],
    ['Intel RealSense Depth Camera 415', true],
    ['camera2 0, facing back', true],
    ['Rückkamera', true],
    ['Back Dual Wide Camera', true],
    ['MacBook Pro Desk View Camera', true],
    ['camera2 1, facing front', false],
    ['FaceTime HD Camera', false],
    ['Iriun Webcam', false],
    ['Logitech BRIO', false],
    ['Backlit Webcam', false],
    ['', false],
  ];
  for (const [label, unsuited] of cases) assert.equal(isUnsuited(label), unsuited, label);
});

test('the next camera is the first that was not tried and has nothing against it', () => {
  const cameras = ['IR Camera', 'camera2 0, facing back', 'HD Webcam', 'Other']
    .map((label, index) => ({ label, deviceId: String(index) }));
  assert.equal(nextCamera(cameras, new Set())?.label, 'HD Webcam');
  assert.equal(nextCamera(cameras, new Set(['2']))?.label, 'Other');
  assert.equal(nextCamera(cameras, new Set(['2', '3'])), null);
  assert.equal(nextCamera([], new Set()), null);
});

test('only a picture without any colour is grey, and a black one says nothing', () => {
  /** @param {(at: number) => [number, number, number]} colour */
  const picture = (colour) => Array.from({ length: 400 }, (_, at) => [...colour(at), 255]).flat();
  assert.equal(isGrey(picture((at) => [at % 256, at % 256, at % 256])), true, 'grey');
  assert.equal(isGrey(picture((at) => [at % 256, (at % 256) + 6, at % 256])), true, 'grey, compressed');
  assert.equal(isGrey(picture((at) => (at < 380 ? [90, 90, 90] : [120, 90, 80]))), false, 'a face in a grey room');
  assert.equal(isGrey(picture(() => [180, 140, 120])), false, 'skin');
  assert.equal(isGrey(picture(() => [0, 0, 0])), false, 'black');
  assert.equal(isGrey(picture((at) => (at < 20 ? [200, 200, 200] : [5, 5, 5]))), false, 'almost black');
  assert.equal(isGrey([]), false, 'nothing');
});
